import Configuration
import Datasets

// `data.split`: the sets that are taken out of the training set.
extension DataSplit {
    /// - Parameter seed: the default of the split's seed.
    static func codec(seed: UInt64) -> Codec<DataSplit> {
        Codec<Double>.number(.above(0, below: 1)).shorthand { DataSplit(validation: $0, seed: seed) }.or(
            .object(DataSplit(seed: seed), check: check) {
                Field(
                    "validation", \.validation, .number(.above(0, below: 1)),
                    "Fraction of the training samples that become the validation set.", example: "0.2")
                Field(
                    "test", \.test, .number(.above(0, below: 1)),
                    "Fraction of the training samples that become the test set.", example: "0.15")
                Field(
                    "stratify", \.isStratified, .bool,
                    "Whether every class gives the same fraction of its samples; for classes only.",
                    example: "true", omitsDefault: true)
                Field(
                    "seed", \.seed, .unsigned, "Seed of the random choice.", example: "7",
                    default: "the job's `seed`")
            })
    }

    @Sendable private static func check(_ split: DataSplit, _ decoder: ObjectDecoder) {
        if !["validation", "test"].contains(where: decoder.contains) {
            decoder.error(
                "a split needs `validation`, `test` or both", atValueOf: "validation",
                label: "such as {validation: 0.15, test: 0.15}")
        }
        if (split.validation ?? 0) + (split.test ?? 0) >= 1 {
            decoder.error(
                "`validation` and `test` together must be less than 1", atValueOf: "test",
                label: "nothing would be left for training")
        }
    }
}
