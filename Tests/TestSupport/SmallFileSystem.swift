import Platform
import System

/// A small file system for one test, unmounted when this object goes away. Creating it fails with a printed
/// reason where mounting is not allowed.
package final class SmallFileSystem {
    package let path: String
    private let directory: TemporaryDirectory

    /// - Parameter options: those of `mount -t tmpfs`.
    package init?(options: String) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        guard geteuid() == 0, try Self.call("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) else {
            print("no tmpfs can be mounted here (root only): this test checks nothing")
            return nil
        }
    }

    package convenience init?(bytes: Int) throws { try self.init(options: "size=\(bytes)") }

    package func makeReadOnly() throws { try remount("ro") }
    package func makeWritable() throws { try remount("rw") }

    /// Changes the size of the file system.
    package func resize(bytes: Int) throws { try remount("rw,size=\(bytes)") }

    private func remount(_ options: String) throws {
        guard try Self.call("mount", ["-o", "remount,\(options)", path]) else {
            throw SystemError("\(path) cannot be mounted with \(options)")
        }
    }

    deinit { _ = try? Self.call("umount", ["-l", path]) }

    private static func call(_ program: String, _ arguments: [String]) throws -> Bool {
        try ChildProcess(program, arguments, standardOutput: .discard, standardError: .discard).wait(
            seconds: 10)?.isSuccess == true
    }
}
