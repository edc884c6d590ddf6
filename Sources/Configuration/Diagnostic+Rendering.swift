extension Diagnostic {
    /// Renders the diagnostic for a terminal: the message, the position, and the line with the fault
    /// underlined.
    ///
    ///     error: unknown field `learning_rte`
    ///       --> config/mnist-cnn.json5:19:24   optimizer.adam
    ///        |  optimizer: {adam: {learning_rte: 1e-3}},
    ///        |                     ^^^^^^^^^^^^ did you mean `learning_rate`?
    ///
    /// - Parameter width: columns of the excerpt.
    package func rendered(width: Int = 100) -> String {
        var lines = ["\(severity.rawValue): \(message)"]
        if let range {
            lines +=
                range.file.origin == .file
                ? fileLines(range, width: width) : commandLines(range, width: width)
        } else {
            if !path.isRoot { lines.append("  --> \(shownPath)") }
            if let label { lines.append("   |  \(label)") }
        }
        return lines.joined(separator: "\n")
    }

    private var shownPath: String { ForPeople.printable(path.description, limit: 120) }

    private func fileLines(_ range: SourceRange, width: Int) -> [String] {
        let start = range.start
        let location =
            "  --> \(ForPeople.printable(range.file.name, limit: 400)):\(start.line):\(start.column)"
        let excerpt = Excerpt(range, width: width)
        return [
            path.isRoot ? location : "\(location)   \(shownPath)",
            excerpt.text.isEmpty ? "   |" : "   |  \(excerpt.text)",
            "   |  \(excerpt.underline)\(label.map { " \($0)" } ?? "")",
        ]
    }

    /// Renders an option of the command line. The option itself is the line, and the underline stands below
    /// it.
    private func commandLines(_ range: SourceRange, width: Int) -> [String] {
        let excerpt = Excerpt(range, width: width)
        let before = "  --> \(range.file.name) "
        return [
            before + excerpt.text,
            "   |" + String(repeating: " ", count: before.count - 4) + excerpt.underline
                + (label.map { " \($0)" } ?? ""),
        ]
    }
}

/// The part of a source line around a range, and the carets below it.
struct Excerpt {
    let text: String
    let underline: String

    init(_ range: SourceRange, width: Int) {
        let file = range.file
        let line = file.lineOffsets(at: range.offsets.lowerBound)
        let lower = min(range.offsets.lowerBound, line.upperBound)
        let upper = max(lower, min(range.offsets.upperBound, line.upperBound))
        // Only a few widths of text on both sides are looked at, so that a line of megabytes costs nothing.
        let before = Self.cells(file.text[max(line.lowerBound, lower - 4 * width)..<lower])
        let marked = Self.cells(file.text[lower..<min(upper, lower + 4 * width)])
        let after = Self.cells(file.text[upper..<min(line.upperBound, upper + 4 * width)])
        let beforeIsWhole = line.lowerBound >= lower - 4 * width

        var left = beforeIsWhole ? Array(before.drop { $0.text.allSatisfy { $0 == " " } }) : before
        let markedWidth = min(Self.width(marked), width * 2 / 3)
        let right = Self.trimmedEnd(after)
        let leftRoom = max(width - markedWidth - min(Self.width(right), width / 4), width / 4)
        let leftIsCut = !beforeIsWhole || Self.width(left) > leftRoom
        if leftIsCut { left = Self.suffix(left, width: leftRoom - 1) }
        let (shownMark, markIsCut) = Self.prefix(marked, width: markedWidth)
        let rightRoom = max(0, width - Self.width(left) - markedWidth)
        let (shownRight, rightIsCut) = markIsCut ? ([], true) : Self.prefix(right, width: rightRoom)

        let head = (leftIsCut ? "…" : "") + left.map(\.text).joined()
        self.text =
            head + shownMark.map(\.text).joined() + shownRight.map(\.text).joined() + (rightIsCut ? "…" : "")
        let indent = (leftIsCut ? 1 : 0) + Self.width(left)
        self.underline =
            String(repeating: " ", count: indent)
            + String(repeating: "^", count: max(1, Self.width(shownMark)))
    }

    /// A scalar as it is shown, and its width in terminal columns.
    private struct Cell {
        let text: String
        let width: Int
    }

    private static func cells(_ bytes: ArraySlice<UInt8>) -> [Cell] {
        // The cut may have gone through a scalar; its remaining bytes are dropped.
        String(decoding: bytes.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self).unicodeScalars.map { scalar in
            if scalar == "\t" { return Cell(text: "    ", width: 4) }
            guard isShown(scalar) else { return Cell(text: "\u{FFFD}", width: 1) }
            return Cell(text: String(Character(scalar)), width: columns(of: scalar))
        }
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool { ForPeople.isPrintable(scalar) }

    /// Terminal columns of a scalar: 0 for combining marks, 2 for East Asian characters and emoji, otherwise
    /// 1.
    private static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    private static func width(_ cells: [Cell]) -> Int { cells.reduce(0) { $0 + $1.width } }

    private static func prefix(_ cells: [Cell], width: Int) -> (cells: [Cell], isCut: Bool) {
        var used = 0
        let shown = cells.prefix {
            used += $0.width
            return used <= width
        }
        return (Array(shown), shown.count < cells.count)
    }

    private static func suffix(_ cells: [Cell], width: Int) -> [Cell] {
        Array(prefix(cells.reversed(), width: width).cells.reversed())
    }

    private static func trimmedEnd(_ cells: [Cell]) -> [Cell] {
        var trimmed = cells
        while let last = trimmed.last, last.text.allSatisfy({ $0 == " " }) { trimmed.removeLast() }
        return trimmed
    }
}
