import CSystem
import Platform

/// An exclusive lock on a file (`flock`), held for as long as this object lives. The system releases it when
/// the process ends, however it ends.
package final class FileLock: Sendable {
    package let path: String
    private let file: Descriptor

    package enum Waiting: Sendable {
        /// A lock of another process is an error that names its process id.
        case never
        /// The initializer waits until the lock is free.
        case untilFree
    }

    /// Locks the file `path`, which is created if it is missing and holds the owner's process id.
    ///
    /// - Throws: `SystemError`, with the code `EWOULDBLOCK` if another process holds the lock.
    package init(_ path: String, waiting: Waiting = .never) throws {
        self.path = path
        file = try Descriptor(opening: path, O_RDWR | O_CREAT, to: "lock")
        guard csystem_lock_exclusively(file.number, waiting == .untilFree ? 1 : 0) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError(cannot: "lock", path) }
            throw FileLock.held(path)
        }
        let holder = Array("\(getpid())\n".utf8)
        guard ftruncate(file.number, 0) == 0 else { throw SystemError(cannot: "write", path) }
        try holder.withUnsafeBytes { try file.writeAll($0, path: path) }
    }

    /// Returns the process id in the lock file: the present holder's, or the last one's.
    package static func holder(of path: String) -> Int32? {
        guard let text = try? File.readText(path, limit: 64) else { return nil }
        return Int32(text.prefix { $0.isNumber })
    }

    /// Whether another process that lives holds the lock of `path`.
    package static func isHeld(_ path: String) -> Bool {
        guard let holder = holder(of: path), kill(holder, 0) == 0 || errno == EPERM,
            let file = try? Descriptor(opening: path, O_RDWR, to: "lock")
        else { return false }
        return csystem_lock_exclusively(file.number, 0) != 0
    }

    private static func held(_ path: String) -> SystemError {
        let holder = holder(of: path).map { "process \($0)" } ?? "another process"
        return SystemError(
            "`\(path)` is locked by \(holder); wait until it ends or stop it first", code: EWOULDBLOCK)
    }
}
