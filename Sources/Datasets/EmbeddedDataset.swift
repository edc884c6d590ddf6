import CDatasets
import System

/// The data sets inside the program (see CDatasets/ATTRIBUTION.md for their authors and licences).
package enum EmbeddedDataset: String, CaseIterable, Sendable {
    /// 1,797 handwritten digits of 8 × 8 pixels, with a part for training and one for validation.
    case digits
    /// 178 wines of three cultivars with 13 measurements each.
    case wine
    /// 569 tumours, malignant or benign, with 30 measurements each.
    case breastCancer = "breast_cancer"

    /// Whether there is a part of its own for validation and tests. A set without one is read as a whole, and
    /// `data.split` divides it.
    package var hasParts: Bool { self == .digits }

    /// The set that a word of the command line means: `builtin:wine`.
    package init?(word: String) {
        guard word.hasPrefix("builtin:") else { return nil }
        self.init(rawValue: String(word.dropFirst("builtin:".count)))
    }

    /// Reads a set of a single part as the table that it is: its columns have the names of the measurements.
    /// - Throws: `DatasetError` if the embedded bytes are damaged.
    package func table() throws -> (dataset: Dataset, encoding: TableEncoding) {
        precondition(!hasParts, "The digits are images and have two parts")
        let rules = TableRules(targets: [target], task: .classification)
        let survey = try TableSurvey.read(file(), format: CSVFormat(), rules: rules)
        let encoding = try survey.encoding()
        return (try table(with: encoding), encoding)
    }

    /// Reads the set with the encoding of an earlier training.
    /// - Throws: `DatasetError` if the encoding is of another table.
    package func table(with encoding: TableEncoding) throws -> Dataset {
        try Dataset.csv(file(), encoding, requiresTargets: true, samples: 0)
    }

    private var target: String { self == .wine ? "cultivar" : "diagnosis" }

    private func file() throws -> TableFile { try TableFile(source(), format: CSVFormat()) }

    /// The bytes of the set, a CSV file.
    func source() throws -> ByteSource {
        let (start, count) =
            switch self {
            case .digits: (cdatasets_digits(), cdatasets_digits_count())
            case .wine: (cdatasets_wine(), cdatasets_wine_count())
            case .breastCancer: (cdatasets_breast_cancer(), cdatasets_breast_cancer_count())
            }
        return try ByteSource(
            UnsafeRawBufferPointer(start: start, count: count), name: "builtin:\(rawValue)", owner: nil)
    }
}
