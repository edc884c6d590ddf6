import Datasets
import Testing

@Suite struct SelectingTests {
    private func numbered(_ count: Int) throws -> Dataset {
        try Dataset.make(
            floats: (0..<2 * count).map { Float($0) }, sampleShape: [2],
            values: (0..<3 * count).map { Float($0) }, targetWidth: 3)
    }

    /// The two parts together hold all samples, in order, for every seed. The seed decides the part of each
    /// sample.
    @Test(arguments: [(10, 0.2, 2), (7, 0.5, 4), (5, 0.01, 1), (5, 0.99, 4), (1_000, 0.25, 250)])
    func splits(count: Int, fraction: Double, validationCount: Int) throws {
        let whole = try numbered(count)
        let (train, validation) = try whole.split(validation: fraction, seed: 3)
        #expect(validation.count == validationCount && train.count == count - validationCount)
        func indices(_ part: Dataset) -> [Int] {
            stride(from: 0, to: part.rows.count, by: 2).map { Int(part.rows[$0]) / 2 }
        }
        #expect(
            indices(train) == indices(train).sorted() && indices(validation) == indices(validation).sorted())
        #expect((indices(train) + indices(validation)).sorted() == Array(0..<count))
        for part in [train, validation] {
            let (rows, values) = (part.rows, Array(part.values))
            for sample in 0..<part.count { #expect(rows[2 * sample] / 2 == values[3 * sample] / 3) }
        }
        #expect(
            try whole.split(validation: fraction, seed: 3).validation.contentHash()
                == validation.contentHash())
        if count == 1_000 {
            #expect(
                try whole.split(validation: fraction, seed: 4).validation.contentHash()
                    != validation.contentHash())
        }
    }

    /// The chosen columns come of another sample, the others and the targets stay.
    @Test func shuffledColumns() throws {
        let whole = try Dataset.make(
            floats: (0..<12).map { Float($0) }, sampleShape: [4], labels: [0, 1, 0], classNames: ["a", "b"])
        let shuffled = try whole.shuffling(1..<3, by: [2, 0, 1])
        #expect(shuffled.rows == [0, 9, 10, 3, 4, 1, 2, 7, 8, 5, 6, 11])
        #expect(Array(shuffled.labels) == [0, 1, 0])
        #expect(try whole.shuffling(0..<4, by: [0, 1, 2]).contentHash() == whole.contentHash())
    }

    @Test func theFirstSamples() throws {
        let (train, _) = try Digits.load()
        let first = try train.prefix(100)
        #expect(
            first.count == 100 && first.rows == Array(train.rows[..<6_400])
                && Array(first.labels) == Array(train.labels[..<100]))
        #expect(try train.prefix(9_999).count == 1_437)
    }

    @Test func aSingleSampleCannotBeSplit() throws {
        let error = #expect(throws: DatasetError.self) { try numbered(1).split(validation: 0.5, seed: 1) }
        #expect(
            error?.description
                == "a single sample cannot be split for training and validation; give more data")
    }

    @Test func notFiniteNumbersAreNamed() {
        let features = #expect(throws: DatasetError.self) {
            try Dataset.make(floats: [1, 2, 3, .nan], sampleShape: [2], labels: [0, 0], classNames: ["a"])
        }
        #expect(
            features?.description.hasPrefix(
                "sample 1 of the data holds nan in column 1 (both counted from 0);") == true)
        let targets = #expect(throws: DatasetError.self) {
            try Dataset.make(floats: [1, 2], sampleShape: [1], values: [0, .infinity], targetWidth: 1)
        }
        #expect(targets?.description.hasPrefix("sample 1 of the data has inf as target 0") == true)
    }

    @Test func dataWithoutTargetsTravel() throws {
        let form = DatasetForm(elementType: .uint8, sampleShape: [3], count: 2, targets: .absent)
        let dataset = try Dataset.build(form) { features, _ in
            features.copyBytes(from: [1, 2, 3, 4, 5, 6] as [UInt8])
        }
        let again = try Dataset(serialized: Array(dataset.serialized))
        #expect(again.form == form && again.rows == [1, 2, 3, 4, 5, 6])
        #expect(throws: DatasetError.self) {
            try dataset.requireSameForm(
                of: Dataset.make(bytes: [1, 2, 3], sampleShape: [3], labels: [0], classNames: ["a"]),
                named: "b", as: "a")
        }
    }
}
