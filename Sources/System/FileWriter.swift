#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Writes a new file piece by piece, counting and hashing what goes through.
package final class FileWriter {
    package let path: String
    private let file: Descriptor
    private let hash = SHA256()
    package private(set) var byteCount = 0

    /// Creates `path`, replacing a file that is there.
    package init(_ path: String) throws {
        self.path = path
        unlink(path)
        file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, to: "write")
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        try file.writeAll(bytes, path: path)
        hash.update(bytes)
        byteCount += bytes.count
    }

    package func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Brings the contents to the disk and returns their SHA-256 in hexadecimal.
    package func finish() throws -> String {
        try file.synchronize(path: path)
        return hash.hexDigest()
    }
}
