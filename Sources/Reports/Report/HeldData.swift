import System

/// The parts of the data that some plots hold.
struct HeldData {
    private var pictures = 0
    private var rows = 0
    private var points = 0
    private var hasColumns = false
    private var hasNames = false
    private let hasModel: Bool

    init(_ plots: [Plot], hasModel: Bool) {
        self.hasModel = hasModel
        for plot in plots {
            switch (plot.content, plot.section) {
            case (.images(let items), .mistakes), (.images(let items), .data): pictures += items.count
            case (.table(_, let rows), .mistakes): self.rows += rows.count
            case (.table, .data): hasColumns = true
            case (.scatter(_, _, let groups, _), _):
                points = max(points, groups.reduce(0) { $0 + $1.x.count })
            case (.confusion, _), (.table, .evaluation), (.table, .clusters), (.lines, .evaluation):
                hasNames = true
            default: break
            }
        }
    }

    var sentence: String {
        var parts: [String] = []
        if hasNames { parts.append("names of classes or values") }
        if pictures > 0 { parts.append("\(TextFormat.count(pictures, "picture")) of samples") }
        if rows > 0 { parts.append("\(TextFormat.count(rows, "row")) of the data") }
        if points > 0 { parts.append("\(TextFormat.count(points, "point")) that are values of samples") }
        if hasColumns { parts.append("names, counts and ranges of columns and classes") }
        let rest = hasModel ? "the job, the log and parts of the model" : "the job and the log"
        guard let last = parts.last else {
            return "This file holds no data of the training; it holds \(rest)."
        }
        let list = parts.count > 1 ? parts.dropLast().joined(separator: ", ") + " and " + last : last
        return "This file holds data of the training: \(list). Do not send it to anybody who may not see"
            + " them. Beside them it holds \(rest)."
    }
}
