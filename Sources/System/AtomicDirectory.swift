import CSystem
import Platform

/// A directory that appears whole or not at all. Its files are written into `NAME.tmp-PID` beside it, each
/// synchronized with the disk; then that directory is renamed.
///
/// A directory that was not committed is removed when this object goes away, or by `removeLeftovers` after a
/// crash.
package final class AtomicDirectory {
    package let path: String
    private let temporary: String
    private var isCommitted = false

    /// Creates the temporary directory for `path`.
    ///
    /// - Throws: `SystemError` if that fails.
    package init(_ path: String) throws {
        self.path = path
        temporary = "\(path).tmp-\(getpid())"
        try Directory.remove(temporary)
        try Directory.createNew(temporary)
    }

    deinit {
        if !isCommitted { try? Directory.remove(temporary) }
    }

    /// Writes one file, which is on the disk when this returns.
    ///
    /// - Throws: `SystemError` if that fails.
    package func write(_ bytes: UnsafeRawBufferPointer, as name: String) throws {
        try File.write(bytes, to: Path.join(temporary, name))
    }

    /// Writes one file from an array.
    ///
    /// - Throws: `SystemError` if that fails.
    package func write(_ bytes: [UInt8], as name: String) throws {
        try bytes.withUnsafeBytes { try write($0, as: name) }
    }

    /// Creates a file that is written piece by piece. Call its `finish` before `commit`.
    ///
    /// - Throws: `SystemError` if the file cannot be created.
    package func file(_ name: String) throws -> FileWriter { try FileWriter(Path.join(temporary, name)) }

    /// Gives the directory its name.
    ///
    /// - Parameter replacing: replace a directory that has this name. At every moment one of the two exists.
    /// - Throws: `SystemError`, with the code `EEXIST` if the name exists and is not to be replaced.
    package func commit(replacing: Bool = false) throws {
        precondition(!isCommitted, "An atomic directory is committed once")
        try Directory.synchronize(temporary)
        if File.exists(path) {
            guard replacing else { throw SystemError(cannot: "write", path, code: EEXIST) }
            try takePlace()
        } else {
            guard rename(temporary, path) == 0 else { throw SystemError(cannot: "write", path) }
        }
        isCommitted = true
        try Directory.synchronize(Path.directory(of: path))
    }

    private func takePlace() throws {
        if csystem_exchange_names(temporary, path) == 0 {
            try Directory.synchronize(Path.directory(of: path))
            return try Directory.remove(temporary)
        }
        guard errno == ENOSYS || errno == EINVAL || errno == ENOTSUP else {
            throw SystemError(cannot: "write", path)
        }
        // This file system cannot exchange names: for a moment only the temporary names exist.
        let old = "\(path).tmp-old-\(getpid())"
        guard rename(path, old) == 0, rename(temporary, path) == 0 else {
            throw SystemError(cannot: "write", path)
        }
        try Directory.synchronize(Path.directory(of: path))
        try Directory.remove(old)
    }

    /// Removes what crashed writers left in `directory`. The caller must hold the lock that excludes other
    /// writers.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func removeLeftovers(in directory: String) throws {
        for name in try Directory.list(directory) where name.contains(".tmp-") {
            try Directory.remove(Path.join(directory, name))
        }
    }
}
