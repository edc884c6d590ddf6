import System

/// The lines of epochs on a terminal or in a file. Their columns stay where they are from line to line, as
/// far as the numbers let them.
package struct EpochLines: Sendable {
    /// The most characters that each column's value has had.
    private var widths: [String: Int] = [:]

    package init() {}

    /// A part of a line. In a narrow terminal those with the least `stays` go first; nil: it always stays.
    private struct Piece {
        var text: String
        var stays: Int?
    }

    /// The line of an epoch; a star marks one that is the best so far. `val` stands for `validation` where
    /// space is short.
    ///
    /// - Parameter width: the columns of the terminal; nil: there is room for everything.
    package mutating func line(
        _ epoch: EpochSummary, width: Int? = nil, style: TerminalStyle = .plain
    ) -> String {
        var pieces: [Piece] = []
        for shortens in [false, true] {
            pieces = self.pieces(epoch, shortens)
            guard let width, Self.joined(pieces).count >= width else { return painted(pieces, epoch, style) }
        }
        while let width, Self.joined(pieces).count >= width,
            let least = pieces.compactMap(\.stays).min()
        {
            pieces.removeAll { $0.stays == least }
        }
        return painted(pieces, epoch, style)
    }

    private mutating func pieces(_ epoch: EpochSummary, _ shortens: Bool) -> [Piece] {
        let number = TextFormat.right("\(epoch.epoch)", "\(epoch.epochs)".count)
        let mark = epoch.isBest.map { $0 ? " *" : "  " } ?? ""
        var pieces = [Piece(text: "epoch \(number)/\(epoch.epochs)\(mark)")]
        for (index, value) in epoch.train.enumerated() {
            pieces.append(Piece(text: text(value, "train", ""), stays: index == 0 ? 4 : 2))
        }
        for (index, value) in epoch.validation.enumerated() {
            let name = index > 0 ? "" : shortens ? "val " : "validation "
            pieces.append(Piece(text: text(value, "validation", name), stays: index == 0 ? 5 : 3))
        }
        let time = padded("time", TextFormat.duration(epoch.seconds))
        return pieces + [Piece(text: time, stays: 1)]
    }

    private mutating func text(_ value: NamedValue, _ set: String, _ prefix: String) -> String {
        "\(prefix)\(value.name) \(padded("\(set) \(value.name)", TextFormat.measure(value.value)))"
    }

    private mutating func padded(_ column: String, _ text: String) -> String {
        let width = max(text.count, widths[column] ?? 0)
        widths[column] = width
        return TextFormat.right(text, width)
    }

    private static func joined(_ pieces: [Piece]) -> String { pieces.map(\.text).joined(separator: "  ") }

    private func painted(_ pieces: [Piece], _ epoch: EpochSummary, _ style: TerminalStyle) -> String {
        let text = Self.joined(pieces)
        return epoch.isBest == true ? style.painted(text, .green) : text
    }
}
