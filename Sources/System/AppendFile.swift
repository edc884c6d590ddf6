import Platform
import Synchronization

/// A file that grows at its end: of lines (metrics, log) or of records. It may be used from any thread.
///
/// Appended bytes are handed to the system at once, so that they survive the death of the process;
/// `synchronize` makes them survive a power failure.
package final class AppendFile: Sendable {
    package let path: String
    private let file: Mutex<Descriptor?>

    /// Opens or creates `path`. The unfinished last line of a writer that was killed is cut off.
    ///
    /// - Throws: `SystemError` if the file cannot be opened, read or shortened.
    package init(_ path: String) throws {
        self.path = path
        let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_APPEND, to: "write")
        try AppendFile.cutUnfinishedLine(of: file, path: path)
        self.file = Mutex(file)
    }

    /// Appends `line`, which has no line feed of its own, and a line feed. If that fails, nothing is
    /// appended.
    ///
    /// - Throws: `SystemError` if the line cannot be written.
    package func append(_ line: String) throws { try append(bytes: Array(line.utf8) + [0x0A]) }

    /// Appends bytes. If that fails, nothing is appended.
    ///
    /// - Throws: `SystemError` if they cannot be written.
    package func append(bytes: [UInt8]) throws {
        try file.withLock { file in
            guard let file else { throw SystemError(cannot: "write", path, code: EBADF) }
            let end = try file.status(of: path).st_size
            do {
                try bytes.withUnsafeBytes { try file.writeAll($0, path: path) }
            } catch {
                _ = ftruncate(file.number, end)  // The error to report is the one above.
                throw error
            }
        }
    }

    /// Returns when all lines have reached the disk.
    ///
    /// - Throws: `SystemError` if the disk reports a failure.
    package func synchronize() throws {
        // The lock is not held while the disk works: others append meanwhile.
        let file = file.withLock { $0 }
        try file?.synchronize(path: path)
    }

    /// Closes the file; appending throws after this.
    ///
    /// - Throws: `SystemError` if the disk reports a failure.
    package func close() throws {
        try file.withLock { file in
            try file?.synchronize(path: path)
            file = nil
        }
    }

    private static func cutUnfinishedLine(of file: Descriptor, path: String) throws {
        let size = try file.status(of: path).st_size
        var end = size
        var byte: UInt8 = 0
        while end > 0 {
            guard pread(file.number, &byte, 1, end - 1) == 1 else { throw SystemError(cannot: "read", path) }
            if byte == 0x0A { break }
            end -= 1
        }
        if end < size, ftruncate(file.number, end) != 0 { throw SystemError(cannot: "write", path) }
    }
}
