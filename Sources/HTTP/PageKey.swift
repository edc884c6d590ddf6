import System
import Transport

/// The key with which people and programs ask for a page: a secret of one server.
package enum PageKey {
    /// Characters of a key in a file, shortest and longest.
    private static let lengths = 16...512

    /// Makes a new key: 128 bits from the system's generator, in 32 hexadecimal digits. A link with it fits
    /// into a line of a terminal.
    package static func random() -> String { String(SharedToken.random().hex.prefix(32)) }

    /// Reads the key in a file: one line of visible ASCII characters.
    ///
    /// - Throws: `SystemError` if the file cannot be read, holds no key, or is this user's own and others
    ///   have access to it.
    package static func read(_ path: String) throws -> String {
        if let file = FileOwnership(of: path), !file.isFitForSecret {
            throw SystemError(
                "other users of this machine have access to the key in `\(path)` (mode"
                    + " \(String(file.permissions & 0o777, radix: 8))); take it from them with `chmod 600"
                    + " \(path)`, and if one of them may have read it, write a new key into it")
        }
        let text = try File.readText(path, limit: 4096)
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.count == 1, let key = lines.first, isKey(key) else {
            throw SystemError(
                "`\(path)` does not hold a key: one line of \(lengths.lowerBound) to \(lengths.upperBound)"
                    + " letters, digits and signs without spaces; make one with"
                    + " `(umask 077; openssl rand -hex 32 > \(path))`")
        }
        return String(key)
    }

    private static func isKey(_ text: Substring) -> Bool {
        lengths.contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) }
    }
}
