import Platform

/// An open file of this process. It is closed when this object goes away, and programs that this process
/// starts do not inherit it.
final class Descriptor: Sendable {
    let number: Int32

    init(adopting number: Int32) { self.number = number }

    /// Opens `path`; `action` is the verb for the error ("read", "write").
    init(opening path: String, _ flags: Int32, mode: mode_t = 0o644, to action: String) throws {
        var number: Int32
        repeat { number = open(path, flags | O_CLOEXEC, mode) } while number < 0 && errno == EINTR
        guard number >= 0 else { throw SystemError(cannot: action, path) }
        self.number = number
    }

    deinit { close(number) }

    func status(of path: String) throws -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw SystemError(cannot: "examine", path) }
        return status
    }

    /// Reads at most `buffer.count` bytes; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, path: String) throws -> Int {
        while true {
            let count = Platform.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SystemError(cannot: "read", path) }
        }
    }

    func writeAll(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Platform.write(number, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw SystemError(cannot: "write", path)
            }
        }
    }

    /// Returns when the file's contents have reached the disk. Some file systems need not synchronize
    /// directories and answer EINVAL.
    func synchronize(path: String) throws {
        #if canImport(Darwin)
            if fcntl(number, F_FULLFSYNC) == 0 { return }
        #endif
        var result: Int32
        repeat { result = fsync(number) } while result != 0 && errno == EINTR
        guard result == 0 || errno == EINVAL || errno == ENOTSUP else {
            throw SystemError(cannot: "write", path)
        }
    }
}
