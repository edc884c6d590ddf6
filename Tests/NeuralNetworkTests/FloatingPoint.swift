import Platform

/// Puts the calling thread back into the floating-point mode in which a process starts: a test's thread
/// serves other tests afterwards, which want that mode. Lanes and networks put it into that of all
/// computation.
func restoreFloatingPointMode() {
    #if canImport(Darwin)
        withUnsafePointer(to: _FE_DFL_ENV) { _ = fesetenv($0) }
    #else
        fesetenv(UnsafePointer(bitPattern: -1))  // FE_DFL_ENV, a macro that Swift cannot import
    #endif
}
