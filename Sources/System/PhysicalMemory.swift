import Platform

/// The memory of this machine, in bytes. Sizes that other programs claim are compared with it.
package enum PhysicalMemory {
    /// The limit on this process when it was first asked for.
    package static let limit = MemoryLimit.ofThisProcess()

    package static let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
}

/// The most memory that a process may have, and what sets the limit.
package struct MemoryLimit: Equatable, Sendable {
    package enum Source: Sendable { case machine, controlGroup, addressSpace, dataSegment }

    package let bytes: Int
    package let source: Source

    package init(_ bytes: Int, _ source: Source) {
        self.bytes = bytes
        self.source = source
    }

    /// The smallest limit on this process.
    package static func ofThisProcess() -> MemoryLimit {
        let shared = shared()
        guard let each = ofEachProcess, each.bytes < shared.bytes else { return shared }
        return each
    }

    /// The smallest limit on all processes of this machine, or of this control group, together.
    package static func shared(_ group: ControlGroup = .ofThisProcess()) -> MemoryLimit {
        let machine = MemoryLimit(PhysicalMemory.machine, .machine)
        guard let memory = group.memory, memory < machine.bytes else { return machine }
        return MemoryLimit(memory, .controlGroup)
    }

    /// The smallest limit on what each process may allocate; nil: there is none.
    package static var ofEachProcess: MemoryLimit? {
        let limits = [(addressSpaceLimit, Source.addressSpace), (dataLimit, .dataSegment)]
        return limits.compactMap { resource, source in
            var limit = rlimit()
            guard getrlimit(resource, &limit) == 0, let bytes = Int(exactly: limit.rlim_cur), bytes < 1 << 60
            else { return nil }
            return MemoryLimit(bytes, source)
        }.min { $0.bytes < $1.bytes }
    }

    /// A clause that says what there is.
    package var clause: String {
        let size = TextFormat.bytes(bytes)
        return switch source {
        case .machine: "this machine has \(size)"
        case .controlGroup: "the control group (container, service or batch job) allows \(size)"
        case .addressSpace: "`ulimit -v` allows \(size) of addresses for each process"
        case .dataSegment: "`ulimit -d` allows \(size) of data for each process"
        }
    }

    /// The way to have more.
    package var cure: String {
        switch source {
        case .machine: "take a machine with more memory"
        case .controlGroup: "raise the memory limit of the container or service"
        case .addressSpace: "raise the limit (`ulimit -v unlimited`)"
        case .dataSegment: "raise the limit (`ulimit -d unlimited`)"
        }
    }

    #if canImport(Glibc)
        private static let addressSpaceLimit = __rlimit_resource_t(RLIMIT_AS.rawValue)
        private static let dataLimit = __rlimit_resource_t(RLIMIT_DATA.rawValue)
    #else
        private static let addressSpaceLimit = RLIMIT_AS
        private static let dataLimit = RLIMIT_DATA
    #endif
}
