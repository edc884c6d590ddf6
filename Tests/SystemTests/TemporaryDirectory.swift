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

/// A file system of a few pages, mounted for one test; nil (and a printed reason) where that is not allowed.
final class TinyFileSystem {
    let path: String
    private let directory: TemporaryDirectory

    init?(options: String) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        let mount = try ChildProcess(
            "mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], standardOutput: .discard, standardError: .discard)
        guard mount.wait(seconds: 10)?.isSuccess == true else {
            print("no tmpfs can be mounted here (root only): this test checks nothing")
            return nil
        }
    }

    deinit {
        let unmount = try? ChildProcess("umount", ["-l", path], standardOutput: .discard, standardError: .discard)
        _ = unmount?.wait(seconds: 10)
    }
}
