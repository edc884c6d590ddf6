import System

/// Runs `body` on a thread of its own, not on Swift's cooperative pool: blocking calls would starve that, and tests must not change the
/// floating-point mode of its threads.
package func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try spawnThread(name: "test") { continuation.resume(with: Swift.Result { try body() }) }.detach()
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
