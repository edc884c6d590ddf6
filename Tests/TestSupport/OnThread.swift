import Platform
import Threads

/// How a thread treats subnormal numbers.
package enum FloatingPointMode: CaseIterable, Sendable {
    /// The mode in which a process starts: subnormal numbers count.
    case standard
    /// The mode of all computation: subnormal numbers are zero.
    case computing
}

/// Runs `body` on a thread, not on Swift's cooperative pool: blocking calls would starve the pool, and tests
/// must not change the floating-point mode of its threads.
package func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
    -> Result
{
    try await withCheckedThrowingContinuation { continuation in
        do {
            try Thread(named: "test") {
                establish(.standard)
                continuation.resume(with: Swift.Result { try body() })
            }.detach()
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Runs `body` on a thread in the given mode and waits for it.
package func onThread(in mode: FloatingPointMode, _ body: () -> Void) {
    withoutActuallyEscaping(body) { body in
        nonisolated(unsafe) let body = body  // this thread waits meanwhile
        let thread = try? Thread(named: "test") {
            establish(mode)
            body()
        }
        guard let thread else { preconditionFailure("a test's thread cannot be started") }
        thread.join()
    }
}

private func establish(_ mode: FloatingPointMode) {
    switch mode {
    case .computing: establishFloatingPointMode()
    case .standard:
        #if canImport(Darwin)
            withUnsafePointer(to: _FE_DFL_ENV) { _ = fesetenv($0) }
        #else
            fesetenv(UnsafePointer(bitPattern: -1))  // FE_DFL_ENV, a macro that Swift cannot import
        #endif
    }
}
