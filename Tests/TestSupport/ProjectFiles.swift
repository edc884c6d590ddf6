import System

/// Files of the project that tests read.
package enum ProjectFiles {
    /// The project's own directory.
    package static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    package static func path(_ name: String) -> String { Path.join(root, name) }
    package static func text(_ name: String) throws -> String {
        try File.readText(path(name), limit: 1 << 20)
    }
}
