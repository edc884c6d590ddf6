/// Reads the lines that a growing file gains, each once. A value: a copy begins where the original stands.
///
/// ```swift
/// var follower = LineFollower("runs/a/metrics.jsonl")
/// for line in try follower.next() { … }       // none if the file has not grown by a whole line
/// ```
package struct LineFollower: Sendable {
    /// The longest line, in bytes.
    private static let longest = 64 << 20

    package let path: String
    /// Where the next line begins.
    private var offset = 0

    package init(_ path: String) { self.path = path }

    /// Takes lines that are whole: about `bytes` of them, and at least one if there is one. A file that does
    /// not exist has none.
    ///
    /// - Throws: `SystemError` if the file cannot be read, or has a longer line than 64 MB.
    package mutating func next(bytes: Int = 1 << 20) throws -> [String] {
        guard File.exists(path) else { return [] }
        var count = bytes
        while true {
            let found = try File.read(path, from: offset, count: count)
            if let end = found.lastIndex(of: 0x0A) {
                offset += end + 1
                return found[..<end].split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
            }
            guard found.count == count else { return [] }
            guard count < Self.longest else {
                throw SystemError("`\(path)` has a line of more than 64 MB, which is no line of a run")
            }
            count *= 2
        }
    }
}
