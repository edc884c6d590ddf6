import Datasets
import System

// The data in short, for `validate`, `summary` and the beginning of a run. Nothing is read for it again.
extension DecodedData {
    /// Sentences about the sets, the features, and the classes or targets.
    package var summary: [String] { [sets, features] + [targets].compactMap { $0 } }

    private var sets: String {
        let others = [("validation", validation), ("testing", test)].compactMap { name, set in
            set.map { ", \(TextFormat.grouped($0.count)) for \(name)" }
        }
        return "\(TextFormat.count(train.count, "sample")) for training\(others.joined())"
    }

    private var features: String {
        if let stream = train.form.stream { return sequences(stream) }
        guard let table = encoding.table else {
            let shape = train.sampleShape.map { "\($0)" }.joined(separator: " × ")
            let type = train.form.elementType == .uint8 ? "bytes" : "floats"
            return train.sampleShape.count == 1
                ? TextFormat.count(train.sampleSize, "feature") : "samples of \(shape) \(type)"
        }
        let widths = table.columns.map { column -> Int? in
            if case .categories(let names, _) = column.kind { names.count } else { nil }
        }
        let categories = widths.compactMap { $0 }
        let columns = TextFormat.count(widths.count, "column")
        guard !categories.isEmpty else { return "\(columns) of numbers" }
        return "\(columns), \(categories.count) of them with"
            + " \(TextFormat.count(categories.reduce(0, +), "category", plural: "categories")):"
            + " \(TextFormat.count(train.sampleSize, "feature"))"
    }

    private func sequences(_ stream: StreamForm) -> String {
        let unit = stream.vocabulary == nil ? "position" : "token"
        let most = (train.isRagged ? "up to " : "") + TextFormat.count(train.sampleShape[0], unit)
        let different = stream.vocabulary.map { ", \(TextFormat.grouped($0)) different ones" } ?? ""
        return "sequences of \(most), from \(TextFormat.grouped(stream.positions)) in all\(different)"
    }

    private var targets: String? {
        switch train.form.targets {
        case .absent: return nil
        case .nextToken: return "the next token as target"
        case .values(let width): return width == 1 ? value : TextFormat.count(width, "target value")
        case .classes(let names):
            let classes = [NamedCount](of: train.labels, named: names)
            let sorted = classes.byFrequency
            guard let most = sorted.first, let least = sorted.last, sorted.count > 1 else {
                return TextFormat.count(names.count, "class", plural: "classes")
            }
            return "\(names.count) classes, from \(share(most)) to \(share(least))"
        }
    }

    private func share(_ part: NamedCount) -> String {
        let percent = TextFormat.fixed(100 * Double(part.count) / Double(max(1, train.count)), 1)
        return "`\(part.name)` (\(TextFormat.grouped(part.count)), \(percent) %)"
    }

    /// The only target value, in the units of the data.
    private var value: String {
        let offset = encoding.targetOffsets.first ?? 0
        let (mean, deviation) =
            train.values.withContiguousStorageIfAvailable { Self.moments($0) } ?? Self.moments(train.values)
        let name = encoding.table?.target.columns.first.map { "`\($0)`" } ?? "a value"
        return "target \(name), \(TextFormat.measure(mean + offset)) ± \(TextFormat.measure(deviation))"
    }

    /// The mean and the standard deviation of some numbers.
    private static func moments(_ values: some Collection<Float>) -> (mean: Double, deviation: Double) {
        let count = Double(max(1, values.count))
        var sum = 0.0
        for value in values { sum += Double(value) }
        let mean = sum / count
        var squares = 0.0
        for value in values { squares += (Double(value) - mean) * (Double(value) - mean) }
        return (mean, (squares / count).squareRoot())
    }
}
