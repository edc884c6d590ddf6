import System

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A directory for one test, removed with its contents at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/dist-train-test-\(getpid())-\(TextFormat.hex(secureRandomBytes(8)))"
        try Directory.createNew(path)
    }

    deinit { try? Directory.remove(path) }

    func file(_ name: String) -> String { Path.join(path, name) }
}

/// Runs `body` on a thread of its own, not on Swift's cooperative pool, which blocking calls would starve.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try spawnThread(name: "test") { continuation.resume(with: Swift.Result { try body() }) }.detach()
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
