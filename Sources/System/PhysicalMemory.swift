import Platform

/// The memory of this machine, in bytes. Sizes that other programs claim are compared with it.
package enum PhysicalMemory {
    package static let byteCount = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
}
