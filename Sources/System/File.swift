import Platform
import Synchronization

/// Operations on whole files: read with a limit, and written so that a reader sees the old contents or the
/// new, never a part.
package enum File {
    private static let temporaryCount = Atomic<Int>(0)

    /// Reads the contents of `path`.
    ///
    /// - Parameter limit: the most bytes that the file may have; checked before memory is allocated.
    /// - Throws: `SystemError` if the file cannot be read or is too large.
    package static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let file = try Descriptor(opening: path, O_RDONLY, to: "read")
        let status = try file.status(of: path)
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw SystemError(cannot: "read", path, code: EISDIR)
        }
        guard Int(status.st_size) <= limit else { throw tooLarge(path, limit) }
        var contents: [UInt8] = []
        contents.reserveCapacity(Int(status.st_size) + 1)
        try withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { piece in
            while true {
                let count = try file.read(into: piece, path: path)
                if count == 0 { return }
                guard contents.count + count <= limit else { throw tooLarge(path, limit) }
                contents.append(contentsOf: piece[..<count])
            }
        }
        return contents
    }

    /// Reads the contents of `path` as text.
    ///
    /// - Throws: `SystemError` if the file cannot be read, is larger than `limit` bytes, or is not UTF-8.
    package static func readText(_ path: String, limit: Int) throws -> String {
        guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
            throw SystemError("`\(path)` is not text in UTF-8; convert it to UTF-8 or give another file")
        }
        return text
    }

    /// Reads the bytes of `path` from an offset on: so many, or fewer if the file ends before.
    ///
    /// - Throws: `SystemError` if the file cannot be read.
    package static func read(_ path: String, from offset: Int, count: Int) throws -> [UInt8] {
        let file = try Descriptor(opening: path, O_RDONLY, to: "read")
        return try [UInt8](unsafeUninitializedCapacity: count) { bytes, have in
            while have < count {
                let more = pread(file.number, bytes.baseAddress! + have, count - have, off_t(offset + have))
                if more < 0 && errno == EINTR { continue }
                guard more >= 0 else { throw SystemError(cannot: "read", path) }
                guard more > 0 else { return }
                have += more
            }
        }
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> SystemError {
        SystemError(
            "`\(path)` is larger than the \(TextFormat.bytes(limit)) allowed for such a file;"
                + " check that it is the right one")
    }

    /// Replaces `path` by a file with these bytes. The bytes and the name are on the disk when this returns.
    ///
    /// - Throws: `SystemError` if that fails; the old file is then still there.
    package static func writeAtomically(
        _ bytes: UnsafeRawBufferPointer, to path: String, mode: UInt32 = 0o644
    ) throws {
        let number = temporaryCount.add(1, ordering: .relaxed).newValue
        let temporary = "\(path).tmp-\(getpid())-\(number)"
        do {
            try write(bytes, to: temporary, mode: mode)
            guard rename(temporary, path) == 0 else { throw SystemError(cannot: "write", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try Directory.synchronize(Path.directory(of: path))
    }

    /// Replaces `path` by a file with the bytes of an array.
    ///
    /// - Throws: `SystemError` if that fails; the old file is then still there.
    package static func writeAtomically(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws {
        try bytes.withUnsafeBytes { try writeAtomically($0, to: path, mode: mode) }
    }

    /// Replaces `path` by a file with this text in UTF-8.
    ///
    /// - Throws: `SystemError` if that fails; the old file is then still there.
    package static func writeAtomically(_ text: String, to path: String, mode: UInt32 = 0o644) throws {
        try writeAtomically(Array(text.utf8), to: path, mode: mode)
    }

    /// When a file was last changed, in seconds since 1970-01-01 UTC; nil if there is none.
    package static func modified(_ path: String) -> Double? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if os(Linux)
            return Double(status.st_mtim.tv_sec) + 1e-9 * Double(status.st_mtim.tv_nsec)
        #else
            return Double(status.st_mtimespec.tv_sec) + 1e-9 * Double(status.st_mtimespec.tv_nsec)
        #endif
    }

    /// Creates a file with this text in UTF-8. A file that exists is left alone.
    ///
    /// - Throws: `SystemError`, with the code `EEXIST` if the file exists.
    package static func create(_ text: String, at path: String) throws {
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, to: "write")
        try Array(text.utf8).withUnsafeBytes { try file.writeAll($0, path: path) }
    }

    /// Writes a new file and synchronizes its contents with the disk. A file that exists is replaced, not
    /// overwritten.
    static func write(_ bytes: UnsafeRawBufferPointer, to path: String, mode: UInt32 = 0o644) throws {
        unlink(path)
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, mode: mode_t(mode), to: "write")
        try file.writeAll(bytes, path: path)
        try file.synchronize(path: path)
    }

    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    /// Returns the permission bits of a file or directory, such as 0o600; nil for anything else (only
    /// processes that were given a pipe can read it).
    ///
    /// - Throws: `SystemError` if the path cannot be examined.
    package static func permissions(_ path: String) throws -> UInt32? {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError(cannot: "examine", path) }
        return [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) ? UInt32(status.st_mode & 0o777) : nil
    }

    /// Sets the permission bits of a file or directory.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func setPermissions(_ permissions: UInt32, of path: String) throws {
        guard chmod(path, mode_t(permissions)) == 0 else {
            throw SystemError(cannot: "change the mode of", path)
        }
    }

    /// Returns the file's size in bytes.
    ///
    /// - Throws: `SystemError` if the path cannot be examined.
    package static func size(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError(cannot: "examine", path) }
        return Int(status.st_size)
    }

    /// Gives a file another name, under which it replaces what is there.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func move(_ path: String, to destination: String) throws {
        guard rename(path, destination) == 0 else {
            throw SystemError(cannot: "move to `\(destination)`", path)
        }
        try Directory.synchronize(Path.directory(of: destination))
    }

    /// Removes a file. A missing file is no error.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError(cannot: "remove", path) }
    }
}
