#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What this machine has, against which sizes that others claim are judged.
package enum PhysicalMemory {
    package static let byteCount = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
}
