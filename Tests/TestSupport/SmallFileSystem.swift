import Platform
import System

/// A small file system in memory for one test, mounted as long as this object lives. Tests that use it need
/// `.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root")`.
package final class SmallFileSystem {
    /// Whether this process may mount one: it is root, and not in a container that forbids it.
    package static let isPossible = geteuid() == 0 && (try? SmallFileSystem(bytes: 1 << 16)) != nil

    package let path: String
    private let directory: TemporaryDirectory

    /// - Parameter options: those of `mount -t tmpfs`.
    package init(options: String) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        guard try Self.call("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) else {
            throw SystemError("no tmpfs can be mounted at \(path) with \(options)")
        }
    }

    package convenience init(bytes: Int) throws { try self.init(options: "size=\(bytes)") }

    /// Writes a file until the disk is full.
    package func fill(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let page = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, page, page.count) > 0 {}
    }

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
            seconds: 120)?.isSuccess == true
    }
}
