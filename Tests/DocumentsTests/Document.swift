import System
import TestSupport

/// A Markdown file of the project, taken apart.
struct Document {
    let text: String

    /// - Parameter name: the path below the project's directory, such as `deploy/README.md`.
    init(_ name: String) throws { text = try ProjectFiles.text(name) }

    /// The lines with the word behind the fence of the code block in which they stand; nil outside of blocks.
    private var lines: [(text: Substring, block: String?)] {
        var block: String?
        return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
            guard line.hasPrefix("```") else { return (line, block) }
            block = block == nil ? String(line.dropFirst(3)) : nil
            return nil
        }
    }

    /// The targets of `[text](target)`.
    var links: [String] {
        lines.filter { $0.block == nil }.flatMap { line in
            line.text.split(separator: "](", omittingEmptySubsequences: false).dropFirst().map {
                String($0.prefix { $0 != ")" })
            }
        }
    }

    /// The anchors that a Markdown viewer gives to headings: lower case, spaces to hyphens, no punctuation.
    var anchors: Set<String> {
        let headings = lines.filter { $0.block == nil && $0.text.hasPrefix("#") }
        return Set(
            headings.map { heading in
                let title = heading.text.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
                return String(
                    title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                        .map { $0 == " " ? "-" : $0 })
            })
    }

    /// The texts between single backticks.
    var codeSpans: [String] {
        lines.filter { $0.block == nil }.flatMap { line in
            line.text.split(separator: "`", omittingEmptySubsequences: false).enumerated().compactMap {
                index, part in
                index % 2 == 1 ? String(part) : nil
            }
        }
    }

    /// The code blocks whose fence names `language`.
    func codeBlocks(of language: String) -> [String] {
        var blocks: [String] = []
        var isOpen = false
        for line in lines {
            if line.block == language {
                if isOpen {
                    blocks[blocks.count - 1] += "\n\(line.text)"
                } else {
                    blocks.append(String(line.text))
                }
            }
            isOpen = line.block == language
        }
        return blocks
    }
}
