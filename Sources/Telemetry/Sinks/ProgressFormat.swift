import System

/// Progress as text.
package enum ProgressFormat {
    private static let shortestBar = 12
    private static let longestBar = 42

    /// A line for a terminal of `width` columns, which it never fills. Where space is short, the pieces that
    /// matter least are left out first; the bar takes the space that is left.
    package static func bar(_ progress: Progress, width: Int, style: TerminalStyle = .plain) -> String {
        let room = max(0, width - 1)
        var pieces = pieces(progress)
        // Pieces leave in the order of `leaves`; the epoch (0), at the front, never does.
        for leaving in pieces.map(\.leaves).filter({ $0 > 0 }).sorted() {
            if joined(pieces).count <= room { break }
            pieces.removeAll { $0.leaves == leaving }
        }
        let text = joined(pieces)
        let space = room - text.count - 2
        let color: TerminalStyle.Paint = progress.waitsFor == nil ? .cyan : .yellow
        guard space >= shortestBar, let first = pieces.first else {
            return style.painted(String(text.prefix(room)), color)
        }
        let rest = joined(Array(pieces.dropFirst()))
        let parts = [first.text, drawn(progress.fraction, min(longestBar, space)), rest]
        return style.painted(parts.filter { !$0.isEmpty }.joined(separator: "  "), color)
    }

    /// The same facts on a line of a file.
    package static func line(_ progress: Progress) -> String { joined(pieces(progress)) }

    private static func pieces(_ progress: Progress) -> [(text: String, leaves: Int)] {
        let number = TextFormat.right("\(progress.epoch)", "\(progress.epochs)".count)
        let steps = TextFormat.grouped(progress.steps)
        let step = TextFormat.right(TextFormat.grouped(progress.step), steps.count)
        var pieces = [
            (text: "epoch \(number)/\(progress.epochs)", leaves: 0),
            (text: "step \(step)/\(steps)", leaves: 2),
            (text: TextFormat.right("\(Int(progress.fraction * 100))%", 3), leaves: 7),
        ]
        if let loss = progress.values.first { pieces.append((text: loss.text, leaves: 6)) }
        let metrics = progress.values.dropFirst()
        if !metrics.isEmpty {
            pieces.append((text: metrics.map(\.text).joined(separator: "  "), leaves: 4))
        }
        guard progress.waitsFor == nil else {
            return pieces + [(text: "waiting for \(progress.waitsFor ?? "")", leaves: 8)]
        }
        if let rate = progress.samplesPerSecond { pieces.append((text: text(rate: rate), leaves: 1)) }
        if let left = progress.secondsLeft { pieces.append((text: "ETA \(text(left: left))", leaves: 5)) }
        if let slowest = progress.slowest { pieces.append((text: "slow: \(slowest)", leaves: 3)) }
        return pieces
    }

    private static func joined(_ pieces: [(text: String, leaves: Int)]) -> String {
        pieces.map(\.text).joined(separator: "  ")
    }

    private static func text(rate: Double) -> String {
        let rate = rate.isFinite ? min(1e15, max(0, rate)) : 0
        return (rate < 100 ? TextFormat.fixed(rate, 1) : TextFormat.grouped(Int(rate.rounded())))
            + " samples/s"
    }

    /// The time left in few characters: `34 s`, `1m23s`, `2h05m`, `3d04h`. An estimate has no hundredths.
    private static func text(left: Double) -> String {
        guard left.isFinite, left < 8.64e8 else { return "a long time" }
        let seconds = Int(max(0, left).rounded())
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return "\(seconds / 60)m\(TextFormat.padded(seconds % 60, 2))s" }
        let minutes = seconds / 60
        if minutes < 1_440 { return "\(minutes / 60)h\(TextFormat.padded(minutes % 60, 2))m" }
        return "\(minutes / 1_440)d\(TextFormat.padded(minutes / 60 % 24, 2))h"
    }

    private static func drawn(_ fraction: Double, _ width: Int) -> String {
        let inner = width - 2
        let done = Int(fraction * Double(inner))
        let head = done < inner ? ">" : ""
        return "[" + String(repeating: "=", count: done) + head
            + String(repeating: " ", count: inner - done - head.count) + "]"
    }
}
