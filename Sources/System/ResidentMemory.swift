import Platform

/// The memory that this process occupies.
package enum ResidentMemory {
    /// Bytes in physical memory now. Where the system does not tell, the most that there ever were.
    package static var byteCount: Int {
        // Sizes in pages: of all addresses, then of those in memory.
        if let text = try? File.readText("/proc/self/statm", limit: 256) {
            let sizes = text.split(separator: " ")
            if sizes.count > 1, let pages = Int(sizes[1]) { return pages * sysconf(Int32(_SC_PAGESIZE)) }
        }
        var usage = rusage()
        #if canImport(Darwin)
            guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
            return usage.ru_maxrss
        #else
            guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
            return usage.ru_maxrss << 10
        #endif
    }
}
