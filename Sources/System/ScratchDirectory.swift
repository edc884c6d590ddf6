import Platform

/// A new directory that no other user can read, below `TMPDIR` or `/tmp`. It and everything in it are removed
/// when this object goes away.
package final class ScratchDirectory: Sendable {
    package let path: String

    /// Creates the directory.
    ///
    /// - Parameter name: the beginning of the directory's name.
    /// - Throws: `SystemError` if that fails.
    package init(named name: String) throws {
        let parent = UserDirectory.temporary
        var template = Array(Path.join(parent, "\(name)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(cannot: "make a directory in", parent) }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? Directory.remove(path) }
}
