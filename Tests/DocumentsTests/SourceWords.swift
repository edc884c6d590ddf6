import System
import TestSupport

/// All words of the source files and their paths.
struct SourceWords {
    private let words: Set<String>

    init() throws {
        var words = Set(Self.split("Package.swift"))
        func visit(_ folder: String) throws {
            for name in try Directory.list(ProjectFiles.path(folder)) {
                let path = "\(folder)/\(name)"
                if Directory.isDirectory(ProjectFiles.path(path)) {
                    words.insert(name)
                    try visit(path)
                } else if [".swift", ".c", ".h", ".py"].contains(where: name.hasSuffix) {
                    words.formUnion(Self.split(path))
                    words.formUnion(Self.split(try ProjectFiles.text(path)))
                }
            }
        }
        for folder in ["Sources", "Tests", "deploy"] { try visit(folder) }
        for name in try Directory.list(ProjectFiles.path("deploy")) { words.formUnion(Self.split(name)) }
        self.words = words
    }

    func contains(_ word: String) -> Bool { words.contains(word) }

    /// The identifiers of a code span that names code, such as `Training/GradientProgram.run`; none for
    /// commands, paths of users and formulas.
    static func identifiers(in span: String) -> [String] {
        guard !span.contains(" "), !span.contains("$"), !span.hasPrefix("-"), !span.hasPrefix(".") else {
            return []
        }
        return split(span).filter { $0.count > 2 }
    }

    private static func split(_ text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }
}
