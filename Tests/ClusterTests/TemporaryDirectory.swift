import System

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A directory that goes with the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/dist-train-cluster-\(getpid())-\(TextFormat.hex(secureRandomBytes(6)))"
        try Directory.create(path, mode: 0o700)
    }

    deinit { try? Directory.remove(path) }

    func file(_ name: String) -> String { Path.join(path, name) }
}
