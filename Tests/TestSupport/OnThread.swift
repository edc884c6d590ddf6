import System

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Runs `body` on a thread of its own, not on Swift's cooperative pool: blocking calls would exhaust the
/// pool, and tests must not change the floating-point mode of its threads.
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

/// Sets the usual floating-point mode. A thread inherits the mode of the thread that starts it, which may
/// compute.
private func establishUsualFloatingPointMode() {
    var mode = fenv_t()
    // Swift cannot import the macro FE_DFL_ENV: round to nearest, no exception trapped, no flushing.
    fegetenv(&mode)
    #if arch(x86_64)
        mode.__mxcsr = 0x1F80
    #endif
    fesetenv(&mode)
}
