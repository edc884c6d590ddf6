import CSystem
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Two connected descriptors: what is written into one is read from the other. Both are closed with their owner, and not inherited unless
/// they are passed on by name.
package final class Pipe: Sendable {
    private let ends: Mutex<(read: Int32, write: Int32)>

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

    /// Gives the read end away: it stays open when this program re-executes itself, under the number returned.
    package func takeInheritableReadEnd() -> Int32 {
        ends.withLock { ends in
            defer { ends.read = -1 }
            _ = fcntl(ends.read, F_SETFD, 0)
            return ends.read
        }
    }

    /// Writes all of `bytes`; for short messages (a token) that a pipe holds without a reader.
    package func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let descriptor = writeEnd
            let count = bytes[sent...].withUnsafeBytes { rest in
                #if canImport(Darwin)
                    Darwin.write(descriptor, rest.baseAddress, rest.count)
                #else
                    Glibc.write(descriptor, rest.baseAddress, rest.count)
                #endif
            }
            if count >= 0 {
                sent += count
            } else if errno != EINTR {
                throw SystemError(cannot: "write into a pipe")
            }
        }
    }

    /// Everything that comes out of `descriptor` until its end, at most `limit` bytes; the rest is read and dropped. Blocks; closes nothing.
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

/// How a child learns of its parent's death, SIGKILL included: the parent keeps the write end of a pipe whose read end the child inherits; the
/// system closes the parent's end when the parent ends.
package enum Lifeline {
    /// In the child: calls `end` (on a thread of its own) when the parent is gone. The descriptor outlives a re-execution, after which it has to
    /// be watched anew.
    package static func watch(_ descriptor: Int32, onEnd end: @escaping @Sendable () -> Void) throws {
        try JoinableThread.spawn(name: "lifeline") {
            Pipe.readToEnd(descriptor, limit: 0) { _ in }
            end()
        }.detach()
    }
}
