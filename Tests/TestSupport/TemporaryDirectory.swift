import System

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A directory for one test, removed with its contents at the end.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/dist-train-test-\(getpid())-\(TextFormat.hex(secureRandomBytes(8)))"
        try Directory.createNew(path, mode: 0o700)
    }

    deinit { try? Directory.remove(path) }

    package func file(_ name: String) -> String { Path.join(path, name) }

    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try File.writeAtomically(text, to: file(name))
        return file(name)
    }
}
