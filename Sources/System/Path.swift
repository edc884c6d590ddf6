import Platform

/// Operations on paths as text. Slashes are searched among bytes, as the system does: a slash before a
/// combining mark is part of another `Character`.
package enum Path {
    /// Returns the directory part: `a/b` of `a/b/c`, `.` of `c`, `/` of `/c`.
    package static func directory(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path.utf8[...])
        guard let last = trimmed.lastIndex(of: slash) else { return "." }
        let directory = withoutTrailingSlashes(trimmed[..<last])
        return directory.isEmpty ? "/" : String(Substring(directory))
    }

    /// Returns the last part: `c` of `a/b/c`.
    package static func name(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path.utf8[...])
        guard let last = trimmed.lastIndex(of: slash) else { return String(Substring(trimmed)) }
        return String(Substring(trimmed[trimmed.index(after: last)...]))
    }

    /// Returns `directory/name`, or `name` if that is absolute.
    package static func join(_ directory: String, _ name: String) -> String {
        if isAbsolute(name) || directory.isEmpty { return name }
        return directory.utf8.last == slash ? directory + name : directory + "/" + name
    }

    /// Returns the same path from the root. The path need not exist.
    package static func absolute(_ path: String) -> String {
        if isAbsolute(path) { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return join(String(cString: buffer), path)
    }

    private static let slash = UInt8(ascii: "/")

    private static func isAbsolute(_ path: String) -> Bool { path.utf8.first == slash }

    private static func withoutTrailingSlashes(_ path: Substring.UTF8View) -> Substring.UTF8View {
        var path = path
        while path.last == slash, path.count > 1 { path.removeLast() }
        return path
    }
}
