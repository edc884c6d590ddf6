import System

extension Dataset {
    /// Reads a training table and learns how its columns are encoded. Samples are `[columns after encoding]`.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func csv(path: String, format: CSVFormat, rules: TableRules) throws -> (
        dataset: Dataset, encoding: TableEncoding
    ) {
        let encoding = try TableSurvey.encoding(of: path, format: format, rules: rules)
        return (try csv(path: path, format: format, encoding: encoding), encoding)
    }

    /// Reads a table with the encoding of another one. Columns are found by their names (without a header by
    /// their positions); further columns are ignored. A category that the training data do not have is an
    /// error.
    /// - Parameter requiresTargets: false also reads a table without the target's columns.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func csv(
        path: String, format: CSVFormat, encoding: TableEncoding, requiresTargets: Bool = true
    ) throws -> Dataset {
        var encoder = try TableEncoder(
            try TableFile(path: path, format: format), encoding, requiresTargets: requiresTargets)
        _ = try encoder.read(limit: .max)
        return try encoder.dataset(width: encoding.width)
    }
}
