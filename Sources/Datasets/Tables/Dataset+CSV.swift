import System

extension Dataset {
    /// Reads a training table and learns how its columns are encoded. Samples are `[columns after encoding]`.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func csv(path: String, format: CSVFormat, rules: TableRules) throws -> (
        dataset: Dataset, encoding: TableEncoding, notes: [DataNote]
    ) {
        let survey = try TableSurvey.read(path, format: format, rules: rules)
        let encoding = try survey.encoding()
        let dataset = try csv(path: path, format: format, encoding: encoding, samples: survey.kept)
        return (dataset, encoding, survey.notes)
    }

    /// Reads a table with the encoding of another one. Columns are found by their names (without a header by
    /// their positions); further columns are ignored. A category that the training data do not have is an
    /// error.
    /// - Parameters:
    ///   - requiresTargets: false also reads a table without the target's columns.
    ///   - samples: their number, if it is known.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func csv(
        path: String, format: CSVFormat, encoding: TableEncoding, requiresTargets: Bool = true,
        samples: Int = 0
    ) throws -> Dataset {
        try csv(
            TableFile(path: path, format: format), encoding, requiresTargets: requiresTargets,
            samples: samples)
    }

    static func csv(_ file: TableFile, _ encoding: TableEncoding, requiresTargets: Bool, samples: Int) throws
        -> Dataset
    {
        var encoder = try TableEncoder(file, encoding, requiresTargets: requiresTargets)
        encoder.reserve(samples)
        _ = try encoder.read(limit: .max)
        return try encoder.dataset(width: encoding.width)
    }
}
