import CSystem
import Platform
import Synchronization

/// A pipe: bytes that are written into one end are read from the other. Both ends are closed when this object
/// goes away. Child processes inherit an end only if it is passed on explicitly.
package final class Pipe: Sendable {
    private let ends: Mutex<(read: Int32, write: Int32)>

    /// Creates a pipe.
    ///
    /// - Throws: `SystemError` if the process has no descriptors left.
    package init() throws {
        var ends: [Int32] = [-1, -1]
        guard csystem_pipe(&ends) == 0 else { throw SystemError(cannot: "make a pipe") }
        self.ends = Mutex((ends[0], ends[1]))
    }

    deinit {
        closeReadEnd()
        closeWriteEnd()
    }

    package var readEnd: Int32 { ends.withLock { $0.read } }
    package var writeEnd: Int32 { ends.withLock { $0.write } }

    package func closeReadEnd() {
        ends.withLock { ends in
            if ends.read >= 0 { close(ends.read) }
            ends.read = -1
        }
    }

    package func closeWriteEnd() {
        ends.withLock { ends in
            if ends.write >= 0 { close(ends.write) }
            ends.write = -1
        }
    }

    /// Releases the read end and returns its number. It stays open when this program re-executes itself.
    package func takeInheritableReadEnd() -> Int32 {
        ends.withLock { ends in
            defer { ends.read = -1 }
            _ = fcntl(ends.read, F_SETFD, 0)
            return ends.read
        }
    }

    /// Writes all bytes: short messages (a token), which a pipe holds without a reader.
    ///
    /// - Throws: `SystemError` if the pipe has no reader.
    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// Writes all bytes. What the pipe does not hold waits for a reader.
    ///
    /// - Throws: `SystemError` if the pipe has no reader.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = Platform.write(writeEnd, rest.baseAddress, rest.count)
            if count >= 0 {
                sent += count
            } else if errno != EINTR {
                throw SystemError(cannot: "write into a pipe")
            }
        }
    }

    /// Reads a line, byte by byte, so that what follows it stays in `descriptor`. The end of what can be read
    /// ends it too. Blocks.
    ///
    /// - Parameter limit: the most bytes of the line.
    package static func readLine(_ descriptor: Int32, limit: Int) -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < limit {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0, byte != 0x0A else { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Reads everything that comes out of `descriptor` until its end. Bytes after the first `limit` are
    /// dropped. Blocks, and closes nothing.
    package static func readToEnd(
        _ descriptor: Int32, limit: Int, each piece: (UnsafeRawBufferPointer) -> Void
    ) {
        var kept = 0
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                let taken = min(count, limit - kept)
                if taken > 0 { piece(UnsafeRawBufferPointer(rebasing: buffer[..<taken])) }
                kept += taken
            }
        }
    }
}
