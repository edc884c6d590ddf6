import Platform

/// The contents of a file in memory, read from the disk when they are touched. The file must not be shortened
/// meanwhile.
package final class MappedFile: @unchecked Sendable {  // the mapping is read-only
    package let path: String
    /// The contents; valid while this object lives.
    package let bytes: UnsafeRawBufferPointer

    /// Maps a regular file.
    ///
    /// - Throws: `SystemError` if the path is not a regular file, or cannot be mapped.
    package init(_ path: String) throws {
        self.path = path
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK, to: "read")
        let status = try file.status(of: path)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("`\(path)` is not a regular file; give the path of a file")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_SHARED, file.number, 0), start != MAP_FAILED else {
            throw SystemError(cannot: "map", path)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    /// Gives the memory of the first bytes back; they are read from the disk again if they are touched.
    package func release(_ count: Int) {
        guard let start = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: start), min(count, bytes.count), MADV_DONTNEED)
    }

    /// The bytes that are read before their memory is given back.
    package static let pieceSize = 64 << 20

    /// Calls `body` with one piece of the contents after the other. The memory of those that are done is
    /// given back, so that a large file does not fill the memory.
    package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
            let end = min(bytes.count, start + Self.pieceSize)
            try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            if end < bytes.count { release(end) }
        }
    }

    /// SHA-256 of the contents.
    package func sha256() -> [UInt8] {
        let hash = SHA256()
        forEachPiece { hash.update($0) }
        return hash.digest()
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
