import Platform
import System

/// Standard output for bytes that must leave at once.
enum StandardOutput {
    /// Writes everything; returns false if nobody reads it any more.
    ///
    /// - Throws: `SystemError` if it cannot be written, such as a file on a full disk.
    static func write(_ bytes: some Collection<UInt8>) throws -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Platform.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                if errno == EPIPE { return false }
                throw SystemError(cannot: "write the standard output")
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
