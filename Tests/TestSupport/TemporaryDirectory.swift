import Platform
import System

/// A directory for one test, removed with its contents at the end.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/dist-train-test-\(getpid())-\(randomHex(bytes: 8))"
        try Directory.createNew(path, mode: 0o700)
    }

    deinit { try? Directory.remove(path) }

    package func file(_ name: String) -> String { Path.join(path, name) }

    /// Writes a file that only the test's user can read, because some files are secrets; `mode` changes that.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: UInt32 = 0o600) throws -> String {
        try File.writeAtomically(text, to: file(name), mode: mode)
        return file(name)
    }

    package func setMode(_ name: String, _ mode: UInt32) throws {
        guard chmod(file(name), mode_t(mode)) == 0 else {
            throw SystemError(cannot: "change the mode of", file(name))
        }
    }
}
