import Platform

/// The running program: its path, and its restart.
package enum Executable {
    /// Returns the program file's path, for messages and for starting the program again.
    ///
    /// - Throws: `SystemError` if the system does not tell it.
    package static func path() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        try readPath(into: &buffer)
        return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    #if canImport(Darwin)
        private static func readPath(into buffer: inout [CChar]) throws {
            var size = UInt32(buffer.count)
            guard _NSGetExecutablePath(&buffer, &size) == 0 else {
                throw SystemError(cannot: "find the program's own path", code: ENAMETOOLONG)
            }
        }

        /// The path at which the file of the running program can be opened.
        package static func image() throws -> String { try path() }

        /// Whether the program is one file that runs on other machines: see `deploy/package`.
        package static var isSelfContained: Bool { false }
    #else
        private static let link = "/proc/self/exe"

        private static func readPath(into buffer: inout [CChar]) throws {
            guard readlink(link, &buffer, buffer.count - 1) > 0 else {
                throw SystemError(cannot: "read", link)
            }
        }

        /// The path at which the file of the running program can be opened. The link is right even if the
        /// file was replaced meanwhile.
        package static func image() throws -> String { link }

        /// Whether the program is one file that runs on other machines (see `deploy/package`): it has loaded
        /// no shared library that a system may lack.
        package static var isSelfContained: Bool {
            guard let maps = try? File.readText("/proc/self/maps", limit: 16 << 20) else { return false }
            return ["swift", "openblas", "ssl", "crypto", "z.", "png", "jpeg"].allSatisfy {
                !maps.contains("/lib\($0)")
            }
        }
    #endif

    /// Replaces this program by a fresh start of itself: same process id, same arguments, the environment
    /// with `additions`. Call it before any work: other threads end, and descriptors that are not
    /// close-on-exec stay open (those that the parent passed on, and `Pipe.takeInheritableReadEnd`).
    ///
    /// - Throws: `SystemError` if the program cannot be started. It returns in no other way.
    package static func reexecute(adding additions: [String: String]) throws -> Never {
        fflush(nil)  // Buffered output would be lost with this program's memory.
        var environment = Environment.all()
        environment.merge(additions) { _, new in new }
        let program = try image()
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        withCStrings(CommandLine.arguments) { arguments in
            withCStrings(variables) { variables in
                _ = execve(program, arguments, variables)
            }
        }
        throw SystemError(cannot: "start again", program)
    }
}

/// Calls `body` with a null-terminated list of C strings.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> Result
) rethrows -> Result {
    var list: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    list.append(nil)
    defer { list.forEach { free($0) } }
    return try list.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else {
            preconditionFailure("A list that ends in nil is not empty")
        }
        return try body(start)
    }
}
