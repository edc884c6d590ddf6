import Platform
import Runs
import System
import Training

/// The samples that are predicted worst, as a CSV file. Samples are counted from 0 in their source.
///
/// One class per sample: those predicted wrong, by the loss −ln p of the true class, or without probabilities
/// by how much the predicted score is above the true one. Yes-or-no targets: the wrong answers, a row for
/// each, likewise. Values: all samples, by the absolute error, summed over the outputs.
package struct Mistakes {
    package let columns: [String]
    /// The cells of each row, the worst first.
    package let rows: [[PredictionRows.Cell]]

    /// Probabilities below this count as this, so that a loss is finite.
    private static let least = 0x1p-52

    /// - Parameters:
    ///   - names: of the classes, answers or values.
    ///   - offsets: numbers that the data's encoding subtracted from each target; empty: none.
    package init(
        _ predictions: RecordedPredictions, named names: [String], of data: DataPart, offsets: [Double] = []
    ) {
        let first = ["sample"] + (data.hasFiles ? ["file"] : [])
        let areProbabilities = predictions.areProbabilities
        let score = areProbabilities ? "probability" : "score"
        let found: [Row]
        switch predictions.kind {
        case .classes:
            columns =
                first + ["class", "predicted", score, "true_\(score)", areProbabilities ? "loss" : "gap"]
            found = Self.classes(predictions, names)
        case .answers:
            columns = first + ["target", "class", "predicted", score, areProbabilities ? "loss" : "gap"]
            found = Self.answers(predictions, names)
        case .values:
            let values = names.count == 1 ? ["target", "predicted"] : names + names.map { "predicted_\($0)" }
            columns = first + values + ["absolute_error"]
            found = Self.values(predictions, names, offsets)
        }
        // The earlier of two equal ones comes first.
        rows = found.enumerated().sorted { ($1.element.badness, $0.offset) < ($0.element.badness, $1.offset) }
            .map { _, row in
                let file = data.file(of: row.sample).map { [PredictionRows.Cell.text($0)] } ?? []
                return [.integer(data.number(of: row.sample))] + file + row.cells
                    + [.double(row.badness)]
            }
    }

    private struct Row {
        let sample: Int
        let cells: [PredictionRows.Cell]
        let badness: Double
    }

    private static func badness(of p: Double, areProbabilities: Bool, predicted: Double) -> Double {
        areProbabilities ? -log(max(p, least)) : predicted - p
    }

    private static func classes(_ predictions: RecordedPredictions, _ names: [String]) -> [Row] {
        let width = names.count
        return (0..<predictions.count).compactMap { sample in
            let (label, found) = (predictions.labels[sample], predictions.predicted[sample])
            guard label != found else { return nil }
            let (p, q) = (
                predictions.scores[sample * width + label], predictions.scores[sample * width + found]
            )
            return Row(
                sample: sample, cells: [.text(names[label]), .text(names[found]), .double(q), .double(p)],
                badness: badness(of: p, areProbabilities: predictions.areProbabilities, predicted: q))
        }
    }

    private static func answers(_ predictions: RecordedPredictions, _ names: [String]) -> [Row] {
        let width = names.count
        return predictions.scores.indices.compactMap { index in
            let (isTrue, isFound) = (predictions.truths[index], predictions.answers[index])
            guard isTrue != isFound else { return nil }
            let score = predictions.scores[index]
            let cells: [PredictionRows.Cell] = [
                .text(names[index % width]), .integer(isTrue ? 1 : 0), .integer(isFound ? 1 : 0),
                .double(score),
            ]
            let right = isTrue ? score : 1 - score
            return Row(
                sample: index / width, cells: cells,
                badness: badness(
                    of: right, areProbabilities: predictions.areProbabilities, predicted: 1 - right))
        }
    }

    private static func values(
        _ predictions: RecordedPredictions, _ names: [String], _ offsets: [Double]
    ) -> [Row] {
        let width = names.count
        func shown(_ values: ArraySlice<Double>) -> [PredictionRows.Cell] {
            values.enumerated().map { .double($1 + ($0 < offsets.count ? offsets[$0] : 0)) }
        }
        return (0..<predictions.count).map { sample in
            let range = sample * width..<(sample + 1) * width
            let (targets, values) = (predictions.targets[range], predictions.scores[range])
            return Row(
                sample: sample, cells: shown(targets) + shown(values),
                badness: zip(targets, values).reduce(0) { $0 + ($1.0 - $1.1).magnitude })
        }
    }

    /// - Throws: `SystemError` if the file cannot be written.
    package func write(to path: String) throws {
        let writer = try PredictionWriter(path: path, format: .csv)
        writer.begin(columns)
        for row in rows { writer.add(row) }
        _ = try writer.flush()
        try writer.finish()
    }
}
