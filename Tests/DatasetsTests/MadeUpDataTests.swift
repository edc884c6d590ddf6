import Datasets
import Kernels
import Testing

@Suite struct MadeUpDataTests {
    private let data = MadeUpData(shape: [3, 5, 2], classes: 7, samples: 41)

    /// Features are the words of the stream, cut into bytes; labels are drawn one after the other.
    @Test func theValuesAreThoseOfAStream() throws {
        let dataset = try Dataset.madeUp(data.form)
        #expect(dataset.count == 41 && dataset.sampleShape == [3, 5, 2] && dataset.classNames?.count == 7)
        var bytes = RandomStream(seed: 0, purpose: .synthetic, major: 0, minor: 0)
        var expected: [Float] = []
        while expected.count < 41 * 30 {
            let word = bytes.nextUInt32()
            expected += (0..<4).map { Float(UInt8(truncatingIfNeeded: word >> UInt32(8 * $0))) }
        }
        var values = [Float](repeating: 0, count: 41 * 30)
        let normalization = Normalization(.none, of: dataset)
        values.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress {
                dataset.gather(Array(0..<41)[...], normalization: normalization, into: start)
            }
        }
        #expect(values == Array(expected.prefix(values.count)))
        var labels = RandomStream(seed: 0, purpose: .synthetic, major: 0, minor: 1)
        #expect(Array(dataset.labels) == (0..<41).map { _ in Int32(labels.below(7)) })
    }

    @Test func theSameOnEveryMachineAndDifferentInEachPart() throws {
        let hash = try Dataset.madeUp(data.form).contentHash()
        #expect(try Dataset.madeUp(data.form).contentHash() == hash)
        #expect(try Dataset.madeUp(data.form, part: .other).contentHash() != hash)
    }

    /// Data of another form keep only the form; floats and target values are at least 0 and below 1.
    @Test func formsOfOtherData() throws {
        let form = DatasetForm(elementType: .float32, sampleShape: [6], count: 9, targets: .values(width: 2))
        let dataset = try Dataset.madeUp(form)
        #expect(dataset.form == form)
        #expect(
            dataset.values.count == 18 && dataset.values.allSatisfy { (0..<1).contains($0) }
                && Set(dataset.values).count > 9)
        #expect(
            try Dataset.madeUp(DatasetForm(elementType: .uint8, sampleShape: [6], count: 9, targets: .absent))
                .labels.isEmpty)
    }

    @Test func whatNoMachineHoldsIsRefused() {
        let huge = MadeUpData(shape: [65_536, 65_536, 16], classes: 2, samples: 16_777_216)
        #expect(throws: DatasetError.self) { try Dataset.madeUp(huge.form) }
    }
}
