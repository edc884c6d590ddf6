import Runs
import System
import Training

/// The samples that are predicted worst (see `RankedMistakes`), as a CSV file. Samples are counted from 0 in
/// their source. For values it has all samples.
package struct Mistakes {
    package let columns: [String]
    /// The cells of each row, the worst first.
    package let rows: [[PredictionRows.Cell]]

    /// - Parameters:
    ///   - names: of the classes, answers or values.
    ///   - offsets: numbers that the data's encoding subtracted from each target; empty: none.
    package init(
        _ predictions: RecordedPredictions, named names: [String], of data: DataPart, offsets: [Double] = []
    ) {
        let first = ["sample"] + (data.hasFiles ? ["file"] : [])
        let areProbabilities = predictions.areProbabilities
        let score = areProbabilities ? "probability" : "score"
        let badness = areProbabilities ? "loss" : "gap"
        switch predictions.kind {
        case .classes: columns = first + ["class", "predicted", score, "true_\(score)", badness]
        case .answers: columns = first + ["target", "class", "predicted", score, badness]
        case .values:
            let values = names.count == 1 ? ["target", "predicted"] : names + names.map { "predicted_\($0)" }
            columns = first + values + ["absolute_error"]
        }
        rows = RankedMistakes(predictions).all.map { mistake in
            let file = data.file(of: mistake.sample).map { [PredictionRows.Cell.text($0)] } ?? []
            return [.integer(data.number(of: mistake.sample))] + file
                + Self.cells(mistake, predictions, names, offsets) + [.double(mistake.badness)]
        }
    }

    private static func cells(
        _ mistake: RankedMistakes.Mistake, _ predictions: RecordedPredictions, _ names: [String],
        _ offsets: [Double]
    ) -> [PredictionRows.Cell] {
        let (sample, width) = (mistake.sample, names.count)
        switch predictions.kind {
        case .classes:
            let (label, found) = (predictions.labels[sample], predictions.predicted[sample])
            return [
                .text(names[label]), .text(names[found]), .double(predictions.scores[sample * width + found]),
                .double(predictions.scores[sample * width + label]),
            ]
        case .answers:
            let index = sample * width + mistake.target
            return [
                .text(names[mistake.target]), .integer(predictions.truths[index] ? 1 : 0),
                .integer(predictions.answers[index] ? 1 : 0), .double(predictions.scores[index]),
            ]
        case .values:
            let range = sample * width..<(sample + 1) * width
            return [predictions.targets[range], predictions.scores[range]].flatMap { values in
                values.enumerated().map { .double($1 + ($0 < offsets.count ? offsets[$0] : 0)) }
            }
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
