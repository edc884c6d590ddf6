import Configuration
import Training

/// The content of `result.json`.
package struct RunResult: Sendable {
    package var steps: Int
    package var epochs: Int
    package var train: Totals?
    package var validation: Totals?
    package var test: Totals?
    package var stateSHA256: String
    package var isExact: Bool
    package var platform: String
    package var workers: Int
    package var recoveries: Int
    package var seconds: Double

    package var value: ConfigValue {
        func metrics(_ totals: Totals?) -> ConfigValue {
            guard let totals else { return .null }
            let confusion = totals.confusionMatrix.map { matrix in
                ("confusion_matrix", ConfigValue.array(matrix.map { .array($0.map { .int($0) }) }))
            }
            return .object(totals.members + (confusion.map { [$0] } ?? []))
        }
        return .object([
            ("steps", .int(steps)), ("epochs", .int(epochs)), ("train", metrics(train)), ("validation", metrics(validation)),
            ("test", metrics(test)), ("state_sha256", .string(stateSHA256)), ("exact", .bool(isExact)),
            ("platform", .string(platform)), ("workers", .int(workers)), ("recoveries", .int(recoveries)),
            ("seconds", .number(seconds)),
        ])
    }
}
