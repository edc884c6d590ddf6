import Configuration
import Datasets
import Reports
import System

// The account of texts in an inspection.
extension DataInspection {
    static func lines(_ name: String, _ report: SequenceReport) -> [String] {
        let different =
            "\(TextFormat.grouped(report.tokens)) tokens, \(TextFormat.grouped(report.vocabulary))"
        var lines = [
            "\(name): \(TextFormat.count(report.samples, "sample")) of"
                + " \(report.lengths.map { $0.least == $0.greatest } == true ? "" : "up to ")"
                + "\(TextFormat.count(report.context, "token")), from"
                + " \(TextFormat.count(report.documents, "document")): \(different) in the vocabulary"
        ]
        if let lengths = report.lengths, report.documents > 1 {
            let quartiles = [lengths.firstQuartile, lengths.median, lengths.thirdQuartile]
            lines.append(
                "  tokens of a document: \(number(lengths.least)) … \(number(lengths.greatest)), quartiles"
                    + " \(quartiles.map(number).joined(separator: ", ")), mean \(number(lengths.mean))")
        }
        if let unknown = report.unknown {
            lines.append(
                "  \(TextFormat.count(unknown, "token")) not in the vocabulary"
                    + " (\(percent(unknown, report.tokens)))")
        }
        if report.padding > 0 {
            lines.append(
                "  padding in batches of \(report.batchSize) would be"
                    + " \(TextFormat.fixed(100 * report.padding, 1)) %; none is computed")
        }
        let shown = report.frequent.map {
            "\(quoted($0.name)) \(TextFormat.grouped($0.count)) (\(percent($0.count, report.tokens)))"
        }
        lines.append("  most frequent tokens: \(shown.joined(separator: ", "))")
        if let first = report.first { lines.append("  first sample: \(quoted(first))") }
        return lines
    }

    /// A text on one line, in quotes.
    private static func quoted(_ text: String) -> String { ConfigValue.string(text).compactJSON() }

    static func fields(_ report: SequenceReport) -> [(String, ConfigValue)] {
        [
            ("documents", .int(report.documents)), ("tokens", .int(report.tokens)),
            ("vocabulary", .int(report.vocabulary)), ("context", .int(report.context)),
            ("targets", .int(report.targets)), ("lengths", json(report.lengths)),
            ("unknown", report.unknown.map { .int($0) } ?? .null),
            ("padding", .number(report.padding)), ("batch_size", .int(report.batchSize)),
            (
                "frequent_tokens",
                .array(
                    report.frequent.map {
                        .object([("token", .string($0.name)), ("count", .int($0.count))])
                    })
            ),
            ("first", report.first.map { .string($0) } ?? .null),
        ]
    }
}
