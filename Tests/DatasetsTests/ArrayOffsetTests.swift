import Datasets
import System
import TestSupport
import Testing

/// Numbers of arrays that lie far from 0: their differences reach the features and the targets, or they stay
/// as they are where 32-bit floats hold them.
@Suite struct ArrayOffsetTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Writes an array of NumPy's type `<f8` or `<i8`.
    private func write(_ name: String, _ shape: [Int], _ values: [Double], asIntegers: Bool = false) throws
        -> String
    {
        let sizes = shape.map { "\($0)," }.joined(separator: " ")
        let type = asIntegers ? "<i8" : "<f8"
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
        while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
        header += "\n"
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        bytes += [UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)] + Array(header.utf8)
        for value in values {
            let word = asIntegers ? UInt64(bitPattern: Int64(value)) : value.bitPattern
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        try File.writeAtomically(bytes, to: directory.file(name))
        return directory.file(name)
    }

    private static let far = (0..<64).map { 1_700_000_000 + Double($0) }
    private static let centred = (0..<64).map { Float($0) - 31.5 }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let values: [Double]
        let asIntegers: Bool
        let offset: Double
        let features: [Float]

        init(
            _ name: String, _ values: [Double], asIntegers: Bool = false, offset: Double, _ features: [Float]
        ) {
            testDescription = name
            self.values = values
            self.asIntegers = asIntegers
            self.offset = offset
            self.features = features
        }
    }

    static let cases: [Case] = [
        Case("seconds since 1970", far, offset: 1_700_000_031.5, centred),
        Case("the same as integers", far, asIntegers: true, offset: 1_700_000_031.5, centred),
        Case("milliseconds", far.map { $0 * 1_000 }, offset: 1_700_000_031_500, centred.map { $0 * 1_000 }),
        Case(
            "milliseconds as integers", far.map { $0 * 1_000 }, asIntegers: true, offset: 1_700_000_031_500,
            centred.map { $0 * 1_000 }),
        Case(
            "below 0", (0..<64).map { -1e12 + 0.25 * Double($0) }, offset: -1e12 + 7.875,
            centred.map { $0 / 4 }),
        Case(
            "days as 20240101 … 20240228",
            (0..<59).map { Double($0 < 31 ? 20_240_101 + $0 : 20_240_170 + $0) },
            offset: 20_240_164.5, (0..<59).map { $0 < 31 ? Float($0) - 63.5 : Float($0) + 5.5 }),
        Case("eastings in metres", (0..<64).map { 682_000.1 + Double($0) }, offset: 682_031.6, centred),
        Case(
            "exact as floats", (0..<64).map { 1_700_000_000 + 128 * Double($0) }, offset: 0,
            (0..<64).map { Float(1_700_000_000 + 128 * $0) }),
        Case(
            "small wholes", (0..<64).map { Double($0) }, asIntegers: true, offset: 0,
            (0..<64).map { Float($0) }),
        Case(
            "spread widely", (0..<64).map { Double($0) + 0.1 }, offset: 0,
            (0..<64).map { Float(Double($0) + 0.1) }),
        Case(
            "a constant", Array(repeating: 1_700_000_001, count: 64), offset: 0,
            Array(repeating: Float(1_700_000_001 as Double), count: 64)),
    ]

    /// The greatest difference.
    private static func distance(_ a: [Float], _ b: [Float]) -> Float {
        guard a.count == b.count else { return .infinity }
        var greatest: Float = 0
        for (left, right) in zip(a, b) { greatest = max(greatest, (left - right).magnitude) }
        return greatest
    }

    /// Features and targets alike, of a table `[N, 2]` with a second column that needs nothing.
    @Test(arguments: cases) func farNumbersKeepTheirDifferences(_ example: Case) throws {
        let count = example.values.count
        let features = try write(
            "x.npy", [count, 2], example.values.enumerated().flatMap { [$1, Double($0)] },
            asIntegers: example.asIntegers)
        let targets = try write("y.npy", [count], example.values, asIntegers: example.asIntegers)
        let (dataset, offsets, notes) = try Dataset.npy(features: features, targets: targets, classes: false)
        let rows = dataset.rows
        let first: [Float] = stride(from: 0, to: 2 * count, by: 2).map { rows[$0] }
        let second: [Float] = stride(from: 1, to: 2 * count, by: 2).map { rows[$0] }
        #expect(Self.distance(first, example.features) < 1e-4)
        #expect(second == (0..<count).map { Float($0) })
        #expect(Self.distance(Array(dataset.values), example.features) < 1e-4)
        guard example.offset != 0 else {
            #expect(offsets == nil && !notes.contains { $0.kind == "shifted_numbers" })
            #expect(first == example.features)
            return
        }
        let found = try #require(offsets)
        #expect(found.features.count == 2 && found.features[1] == 0 && found.targets.count == 1)
        #expect((found.features[0] - example.offset).magnitude < 1e-6)
        #expect((found.targets[0] - example.offset).magnitude < 1e-6)
        #expect(notes.count { $0.kind == "shifted_numbers" } == 2)
        // New data are read with the offsets of the training data, not with their own.
        let one = try write("one.npy", [2, 2], [example.values[0], 0, example.values[0] + 1, 0])
        let again = try Dataset.npy(features: one, targets: nil, offsets: found)
        #expect((again.dataset.rows[0] - example.features[0]).magnitude < 1e-4)
        #expect((again.dataset.rows[2] - again.dataset.rows[0] - 1).magnitude < 1e-3)
        // Data whose training numbers were near 0 are not shifted.
        let plain = try Dataset.npy(features: one, targets: nil, offsets: ArrayOffsets())
        #expect(plain.dataset.rows[0] == Float(example.values[0]))
    }

    /// Images have an offset for each channel, in both orders of the axes.
    @Test func channelsOfImages() throws {
        // [2, 2, 2, 2]: channel 0 around 10⁹, channel 1 near 0.
        var last: [Double] = []
        var rows: [Float] = []
        for index in 0..<16 {
            let isFar = index.isMultiple(of: 2)
            last.append(isFar ? 1e9 + 1 + Double(index) : Double(index))
            rows.append(isFar ? Float(index) - 7 : Float(index))
        }
        let read = try Dataset.npy(features: write("last.npy", [2, 2, 2, 2], last), targets: nil)
        #expect(read.dataset.rows == rows)
        #expect(read.offsets == ArrayOffsets(features: [1e9 + 8, 0]))
        // The same images with the channels first.
        var first: [Double] = []
        for image in 0..<2 {
            for channel in 0..<2 {
                for pixel in 0..<4 { first.append(last[image * 8 + pixel * 2 + channel]) }
            }
        }
        let planar = try Dataset.npy(
            features: write("first.npy", [2, 2, 2, 2], first), targets: nil, layout: .nchw)
        #expect(planar.dataset.rows == rows && planar.offsets == read.offsets)
    }

    struct Judgement: Sendable {
        let kind: String
        let text: String
        let value: @Sendable (Int) -> Double
    }

    static let judgements = [
        Judgement(kind: "row_number", text: "column `0`") { Double($0) },
        Judgement(kind: "row_number", text: "numpy.delete(x, [0], axis=1)") { Double($0 * 7 % 40) + 5 },
        Judgement(kind: "constant_column", text: "column `0`") { _ in 3.5 },
        Judgement(kind: "dates_as_numbers", text: "dates (20240131)") { Double(20_240_101 + $0 % 20) },
        Judgement(kind: "tiny_numbers", text: "become 0 as 32-bit floats") { Double($0 + 1) * 1e-60 },
        Judgement(kind: "merged_numbers", text: "equal as 32-bit floats") {
            $0 == 0 ? 0 : Double(1_700_000_000 + $0 * $0 % 37)
        },
        Judgement(kind: "column_copy", text: "the same value as `0`") { Double($0 * 11 % 17) },
    ]

    /// The columns of an array are judged like those of a table.
    @Test(arguments: judgements) func columnsAreJudged(_ judgement: Judgement) throws {
        let values = (0..<40).flatMap { [judgement.value($0), Double($0 * 11 % 17)] }
        let notes = try Dataset.npy(features: write("x.npy", [40, 2], values), targets: nil).notes
        let found = notes.contains { $0.kind == judgement.kind && $0.sentence.contains(judgement.text) }
        #expect(found, "\(notes)")
    }

    /// Numbers of IDX files are shifted likewise.
    @Test func idxFiles() throws {
        func big(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(value >> (8 * $0) & 255) } }
        let values = (0..<8).map { 1_700_000_000 + $0 }
        var images: [UInt8] = [0, 0, 0x0C, 3]
        for number in [2, 2, 2] + values { images += big(number) }
        var labels: [UInt8] = [0, 0, 8, 1]
        labels += big(2)
        labels += [0, 1]
        try File.writeAtomically(images, to: directory.file("images"))
        try File.writeAtomically(labels, to: directory.file("labels"))
        let (dataset, offsets, notes) = try Dataset.idx(
            images: directory.file("images"), labels: directory.file("labels"))
        #expect(dataset.rows == (0..<8).map { Float($0) - 3.5 })
        #expect(offsets == ArrayOffsets(features: [1_700_000_003.5]))
        #expect(notes.map(\.kind) == ["shifted_numbers"])
        let alone = try Dataset.idx(images: directory.file("images"), minus: [1_700_000_000])
        #expect(alone.rows == (0..<8).map { Float($0) })
    }
}
