import Platform

#if canImport(Darwin)
    /// The resource of `setrlimit` for open descriptors.
    package let limitOfDescriptors = RLIMIT_NOFILE
    /// The flags of a page that `mincore` writes.
    package typealias PageFlags = CChar
#else
    /// The resource of `setrlimit` for open descriptors.
    package let limitOfDescriptors = Int32(RLIMIT_NOFILE.rawValue)
    /// The flags of a page that `mincore` writes.
    package typealias PageFlags = UInt8
#endif
