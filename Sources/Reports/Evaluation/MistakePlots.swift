import Datasets
import Runs
import System
import Training

/// The samples that are predicted worst, with their images or their rows.
struct MistakePlots {
    private let predictions: RecordedPredictions
    /// The names of the classes, answers or values.
    private let names: [String]
    private let part: DataPart
    private let encoding: DataEncoding
    private let mistakes: [RankedMistakes.Mistake]

    static let mostPictures = 24
    static let mostRows = 30
    /// Values of a sample that are shown.
    static let mostValues = 3

    init(
        _ predictions: RecordedPredictions, named names: [String], of part: DataPart,
        _ encoding: DataEncoding
    ) {
        self.predictions = predictions
        self.names = names
        self.part = part
        self.encoding = encoding
        mistakes = RankedMistakes(predictions).all
    }

    /// - Throws: `DatasetError` if a picture cannot be made.
    func plots() throws -> [Plot] {
        guard !mistakes.isEmpty else { return [none] }
        if let pictures = SamplePictures(part.dataset) { return [try images(pictures)] }
        return [rows]
    }

    private var none: Plot {
        let text = "None of the \(TextFormat.count(predictions.count, "sample")) is predicted wrong."
        return Plot(.mistakes, title, alt: text, .text(text))
    }

    private var areValues: Bool { if case .values = predictions.kind { true } else { false } }
    private var title: String { areValues ? "Greatest errors" : "Worst mistakes" }

    private func note(_ shown: Int) -> String? {
        let what = areValues ? "sample" : "mistake"
        let measure =
            areValues
            ? "the absolute error" : predictions.areProbabilities ? "the loss" : "the gap between the scores"
        let all = TextFormat.count(mistakes.count, what)
        return "The first \(TextFormat.grouped(shown)) of \(all) by \(measure)."
    }

    private var alt: String {
        guard let worst = mistakes.first else { return title }
        return "The worst: \(describe(worst)) (\(place(worst.sample)))."
    }

    private func place(_ sample: Int) -> String {
        part.file(of: sample) ?? "sample \(TextFormat.grouped(part.number(of: sample)))"
    }

    // MARK: Pictures

    private func images(_ pictures: SamplePictures) throws -> Plot {
        let shown = mistakes.prefix(Self.mostPictures)
        return Plot(
            .mistakes, title, note: note(shown.count), alt: alt,
            .images(
                try shown.map { mistake in
                    let text = describe(mistake)
                    return Plot.Picture(
                        png: try pictures.png(mistake.sample), caption: text,
                        alt: "\(place(mistake.sample)): \(text)")
                }))
    }

    /// `4, predicted 9 (0.98)`
    private func describe(_ mistake: RankedMistakes.Mistake) -> String {
        let (sample, width) = (mistake.sample, names.count)
        func score(_ c: Int) -> String { TextFormat.fixed(predictions.scores[sample * width + c], 2) }
        switch predictions.kind {
        case .classes:
            let (label, found) = (predictions.labels[sample], predictions.predicted[sample])
            return "\(names[label]) (\(score(label))), predicted \(names[found]) (\(score(found)))"
        case .answers:
            let isTrue = predictions.truths[sample * width + mistake.target]
            return "\(names[mistake.target]): \(isTrue ? "yes" : "no"), predicted"
                + " \(isTrue ? "no" : "yes") (\(score(mistake.target)))"
        case .values:
            guard width <= Self.mostValues else { return "error \(TextFormat.measure(mistake.badness))" }
            let pairs = (0..<width).map { output in
                "\(TextFormat.measure(value(predictions.targets, sample, output))), predicted"
                    + " \(TextFormat.measure(value(predictions.scores, sample, output)))"
            }
            return pairs.joined(separator: "; ")
        }
    }

    private func value(_ values: [Double], _ sample: Int, _ output: Int) -> Double {
        let offsets = encoding.targetOffsets
        return values[sample * names.count + output]
            + (offsets.indices.contains(output) ? offsets[output] : 0)
    }

    // MARK: Rows

    private var rows: Plot {
        let features = SampleRows(part.dataset, encoding)
        let shown = mistakes.prefix(Self.mostRows)
        let first = [Plot.Column("sample")] + (part.hasFiles ? [Plot.Column("file", isNumber: false)] : [])
        let omitted = features.map(\.omitted) ?? 0
        return Plot(
            .mistakes, title,
            note: note(shown.count).map {
                $0 + (omitted > 0 ? " Not shown: \(TextFormat.count(omitted, "further column"))." : "")
            }, alt: alt,
            .table(
                first + columns + (features?.shown ?? []),
                rows: shown.map { mistake in
                    let file = part.file(of: mistake.sample).map { [Plot.Cell.text($0)] } ?? []
                    return [.count(part.number(of: mistake.sample))] + file + cells(mistake)
                        + (features?.cells(mistake.sample) ?? [])
                }))
    }

    private var columns: [Plot.Column] {
        let score = predictions.areProbabilities ? "probability" : "score"
        let badness = Plot.Column(predictions.areProbabilities ? "loss" : "gap")
        switch predictions.kind {
        case .classes:
            return [
                Plot.Column("true class", isNumber: false), Plot.Column("predicted", isNumber: false),
                Plot.Column("its \(score)"), Plot.Column("\(score) of the true class"), badness,
            ]
        case .answers:
            return [
                Plot.Column("target", isNumber: false), Plot.Column("true", isNumber: false),
                Plot.Column("predicted", isNumber: false), Plot.Column("\(score) of yes"), badness,
            ]
        case .values:
            return names.prefix(Self.mostValues).flatMap {
                [Plot.Column("true \($0)"), Plot.Column("predicted \($0)")]
            } + [Plot.Column("absolute error")]
        }
    }

    private func cells(_ mistake: RankedMistakes.Mistake) -> [Plot.Cell] {
        let (sample, width) = (mistake.sample, names.count)
        func score(_ c: Int) -> Plot.Cell { .number(predictions.scores[sample * width + c]) }
        switch predictions.kind {
        case .classes:
            let (label, found) = (predictions.labels[sample], predictions.predicted[sample])
            return [
                .text(names[label]), .text(names[found]), score(found), score(label),
                .number(mistake.badness),
            ]
        case .answers:
            let isTrue = predictions.truths[sample * width + mistake.target]
            return [
                .text(names[mistake.target]), .text(isTrue ? "yes" : "no"), .text(isTrue ? "no" : "yes"),
                score(mistake.target), .number(mistake.badness),
            ]
        case .values:
            return (0..<min(width, Self.mostValues)).flatMap { output in
                [
                    Plot.Cell.number(value(predictions.targets, sample, output)),
                    .number(value(predictions.scores, sample, output)),
                ]
            } + [.number(mistake.badness)]
        }
    }
}
