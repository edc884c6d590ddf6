import System

/// A metric's value.
package struct NamedValue: Equatable, Sendable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }

    var text: String { "\(name) \(TextFormat.measure(value))" }
}

/// How far a run is.
package struct Progress: Equatable, Sendable {
    /// From 1.
    package var epoch: Int
    package var epochs: Int
    /// Steps done, of the whole run.
    package var step: Int
    package var steps: Int
    package var loss: Double?
    package var metrics: [NamedValue]
    package var samplesPerSecond: Double?
    package var secondsLeft: Double?
    /// Who holds the others up.
    package var straggler: String?

    package init(
        epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double? = nil, metrics: [NamedValue] = [],
        samplesPerSecond: Double? = nil, secondsLeft: Double? = nil, straggler: String? = nil
    ) {
        self.straggler = straggler
        (self.epoch, self.epochs, self.step, self.steps) = (epoch, epochs, step, steps)
        (self.loss, self.metrics, self.samplesPerSecond, self.secondsLeft) = (
            loss, metrics, samplesPerSecond, secondsLeft
        )
    }

    /// 0 … 1
    package var fraction: Double { steps > 0 ? min(1, max(0, Double(step) / Double(steps))) : 0 }
}

/// What an epoch came to.
package struct EpochSummary: Equatable, Sendable {
    package var epoch: Int
    package var epochs: Int
    package var loss: Double
    package var metrics: [NamedValue]
    /// Loss and metrics.
    package var validation: [NamedValue]
    package var samplesPerSecond: Double?
    package var seconds: Double

    package init(
        epoch: Int, epochs: Int, loss: Double, metrics: [NamedValue] = [], validation: [NamedValue] = [],
        samplesPerSecond: Double? = nil, seconds: Double
    ) {
        (self.epoch, self.epochs, self.loss, self.metrics, self.validation) = (
            epoch, epochs, loss, metrics, validation
        )
        (self.samplesPerSecond, self.seconds) = (samplesPerSecond, seconds)
    }
}

/// Progress as text.
package enum ProgressFormat {
    private static let shortestBar = 12
    private static let longestBar = 42

    /// A line for a terminal of `width` columns, which it never fills: the pieces that matter least go first, the bar takes what is left.
    package static func bar(_ progress: Progress, width: Int) -> String {
        let room = max(0, width - 1)
        var pieces = pieces(progress)
        // The last piece to go is the epoch, at the front; the order of leaving is that of `leaves`.
        for leaving in pieces.map(\.leaves).filter({ $0 > 0 }).sorted() {
            if joined(pieces).count <= room { break }
            pieces.removeAll { $0.leaves == leaving }
        }
        let text = joined(pieces)
        let space = room - text.count - 2
        guard space >= shortestBar, let first = pieces.first else { return String(text.prefix(room)) }
        let rest = joined(Array(pieces.dropFirst()))
        return [first.text, drawn(progress.fraction, min(longestBar, space)), rest].filter { !$0.isEmpty }
            .joined(separator: "  ")
    }

    /// The same facts on a line of a file.
    package static func line(_ progress: Progress) -> String { joined(pieces(progress)) }

    package static func line(_ summary: EpochSummary) -> String {
        var parts = ["epoch \(summary.epoch)/\(summary.epochs)", "loss \(TextFormat.measure(summary.loss))"]
        parts += summary.metrics.map(\.text)
        if !summary.validation.isEmpty {
            parts.append("validation \(summary.validation.map(\.text).joined(separator: ", "))")
        }
        if let rate = summary.samplesPerSecond { parts.append(text(rate: rate)) }
        parts.append(TextFormat.duration(summary.seconds))
        return parts.joined(separator: "  ")
    }

    private static func pieces(_ progress: Progress) -> [(text: String, leaves: Int)] {
        var pieces = [
            (text: "epoch \(progress.epoch)/\(progress.epochs)", leaves: 0),
            (
                text: "step \(TextFormat.grouped(progress.step))/\(TextFormat.grouped(progress.steps))",
                leaves: 2
            ),
            (text: "\(Int(progress.fraction * 100))%", leaves: 7),
        ]
        if let loss = progress.loss { pieces.append((text: "loss \(TextFormat.measure(loss))", leaves: 6)) }
        if !progress.metrics.isEmpty {
            pieces.append((text: progress.metrics.map(\.text).joined(separator: "  "), leaves: 4))
        }
        if let rate = progress.samplesPerSecond { pieces.append((text: text(rate: rate), leaves: 1)) }
        if let left = progress.secondsLeft { pieces.append((text: "ETA \(text(left: left))", leaves: 5)) }
        if let straggler = progress.straggler { pieces.append((text: "slow: \(straggler)", leaves: 3)) }
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

    /// Whole seconds: an estimate has no hundredths.
    private static func text(left: Double) -> String {
        left.isFinite && left < 59.5 ? "\(Int(max(0, left).rounded())) s" : TextFormat.duration(left)
    }

    private static func drawn(_ fraction: Double, _ width: Int) -> String {
        let inner = width - 2
        let done = Int(fraction * Double(inner))
        let head = done < inner ? ">" : ""
        return "[" + String(repeating: "=", count: done) + head
            + String(repeating: " ", count: inner - done - head.count) + "]"
    }
}
