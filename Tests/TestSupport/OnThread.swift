import System

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Runs `body` on a thread of its own, not on Swift's cooperative pool: blocking calls would starve that, and tests must not change the
/// floating-point mode of its threads.
package func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
    -> Result
{
    try await withCheckedThrowingContinuation { continuation in
        do {
            try spawnThread(name: "test") {
                establishUsualFloatingPointMode()
                continuation.resume(with: Swift.Result { try body() })
            }.detach()
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// A thread begins with the mode of the one that starts it, which may be a computing thread's.
private func establishUsualFloatingPointMode() {
    var mode = fenv_t()
    // FE_DFL_ENV is a macro that Swift cannot import: rounding to nearest, no exception trapped, no flushing.
    fegetenv(&mode)
    #if arch(x86_64)
        mode.__mxcsr = 0x1F80
    #endif
    fesetenv(&mode)
}
