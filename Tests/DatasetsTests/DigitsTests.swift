import Datasets
import Testing

@Suite struct DigitsTests {
    /// A few lines of Python on the CSV file computed the expected numbers.
    @Test func theEmbeddedSetIsWhole() throws {
        let (train, validation) = try Digits.load()
        #expect(train.count == 1_437)
        #expect(validation.count == 360)
        #expect(train.sampleShape == [8, 8, 1])
        #expect(train.classNames == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
        #expect(train.form.elementType == .uint8)
        #expect(sum(of: train) == 449_372)
        #expect(sum(of: validation) == 112_346)
        #expect(
            (0..<10).map { label in validation.labels.count { $0 == label } } == [
                35, 36, 35, 37, 37, 37, 37, 36, 33, 37,
            ])
        var first = [Float](repeating: 0, count: 64)
        train.gather([0][...], normalization: Normalization(.none, of: train), into: &first)
        #expect(first[..<8] == [0, 0, 5, 13, 9, 1, 0, 0])
        #expect(train.labels[0] == 0)
    }

    private func sum(of dataset: Dataset) -> Int {
        var rows = [Float](repeating: 0, count: dataset.count * 64)
        dataset.gather(
            Array(0..<dataset.count)[...], normalization: Normalization(.none, of: dataset), into: &rows)
        return rows.reduce(0) { $0 + Int($1) }
    }
}
