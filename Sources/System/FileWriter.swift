import Platform

/// Writes a new file piece by piece, and counts and hashes the bytes.
package final class FileWriter {
    package let path: String
    private let file: Descriptor
    private let hash = SHA256()
    package private(set) var byteCount = 0

    /// Creates `path`. A file that exists is replaced.
    ///
    /// - Throws: `SystemError` if the file cannot be created.
    package init(_ path: String) throws {
        self.path = path
        unlink(path)
        file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, to: "write")
    }

    /// Appends bytes.
    ///
    /// - Throws: `SystemError` if they cannot be written.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        try file.writeAll(bytes, path: path)
        hash.update(bytes)
        byteCount += bytes.count
    }

    /// Appends the bytes of an array.
    ///
    /// - Throws: `SystemError` if they cannot be written.
    package func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Synchronizes the contents with the disk and returns their SHA-256 in hexadecimal.
    ///
    /// - Throws: `SystemError` if the disk reports a failure.
    package func finish() throws -> String { TextFormat.hex(try finishDigest()) }

    /// The same with the digest as bytes.
    package func finishDigest() throws -> [UInt8] {
        try file.synchronize(path: path)
        return hash.digest()
    }
}
