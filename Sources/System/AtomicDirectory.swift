import CSystem

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A directory that appears whole or not at all: its files are written into `NAME.tmp-PID` beside it, each brought to the disk, then the
/// whole is renamed. What was not committed is removed when the value goes, and by `removeLeftovers` after a crash.
package final class AtomicDirectory {
    package let path: String
    private let temporary: String
    private var isCommitted = false

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
    package func write(_ bytes: UnsafeRawBufferPointer, as name: String) throws {
        try File.write(bytes, to: Path.join(temporary, name))
    }

    package func write(_ bytes: [UInt8], as name: String) throws {
        try bytes.withUnsafeBytes { try write($0, as: name) }
    }

    /// A new file, filled piece by piece; call its `finish` before `commit`.
    package func file(_ name: String) throws -> FileWriter { try FileWriter(Path.join(temporary, name)) }

    /// Gives the directory its name. One that has it already is an error, or is `replacing`: at every moment one of the two is there.
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
        // A file system without exchange: for a moment only the temporary names exist.
        let old = "\(path).tmp-old-\(getpid())"
        guard rename(path, old) == 0, rename(temporary, path) == 0 else {
            throw SystemError(cannot: "write", path)
        }
        try Directory.synchronize(Path.directory(of: path))
        try Directory.remove(old)
    }

    /// Removes what crashed writers left in `directory`. Only for who holds the lock that keeps other writers out.
    package static func removeLeftovers(in directory: String) throws {
        for name in try Directory.list(directory) where name.contains(".tmp-") {
            try Directory.remove(Path.join(directory, name))
        }
    }
}
