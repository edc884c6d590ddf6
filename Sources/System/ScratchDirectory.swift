#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A new directory that nobody else can read, below `TMPDIR` or `/tmp`; it and all that is in it go with this object.
package final class ScratchDirectory: Sendable {
    package let path: String

    /// - Parameter name: what its name begins with.
    package init(named name: String) throws {
        let parent = Environment.value("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array(Path.join(parent, "\(name)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(cannot: "make a directory in", parent) }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? Directory.remove(path) }
}
