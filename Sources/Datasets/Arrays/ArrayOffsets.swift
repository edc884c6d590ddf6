/// The numbers that are subtracted from the numbers of an array before they become Floats: all 0 unless a
/// Float would lose the differences. They are learned from the training data; new data are read with them.
package struct ArrayOffsets: Equatable, Sendable {
    /// One for each channel of images or column of a table.
    package var features: [Double]
    /// One for each target value; empty for classes, and without targets.
    package var targets: [Double]

    package init(features: [Double] = [], targets: [Double] = []) {
        self.features = features
        self.targets = targets
    }

    /// Nil if nothing is subtracted.
    var unlessZero: ArrayOffsets? { (features + targets).allSatisfy { $0 == 0 } ? nil : self }
}

/// The range of some numbers, and whether Floats hold them as they are.
struct FloatRange {
    private(set) var least = Double.infinity
    private(set) var greatest = -Double.infinity
    /// Whether a Float holds each number exactly.
    private(set) var isExact = true

    @inline(__always)
    mutating func add(_ value: Double) {
        least = min(least, value)
        greatest = max(greatest, value)
        if Double(Float(value)) != value { isExact = false }
    }

    /// Subtracted from the numbers before they become Floats: the middle of a range that is small beside its
    /// distance from 0, where Floats would lose the differences; otherwise 0. The subtraction is exact
    /// (Sterbenz 1974), because all numbers lie within a factor of two of each other.
    var offset: Double {
        guard !isExact, greatest > least, greatest.isFinite, least.isFinite else { return 0 }
        let size = max(least.magnitude, greatest.magnitude)
        guard greatest - least < size / 16 else { return 0 }
        return least + (greatest - least) / 2
    }
}

/// The channels of an array of numbers: which of them a number belongs to.
struct ArrayChannels {
    let count: Int
    /// Numbers that follow each other in one channel: 1, or the pixels of a plane.
    let run: Int

    @inline(__always)
    func channel(of index: Int) -> Int { run == 1 ? index % count : index / run % count }

    /// The offsets that the training data have: none are all 0. Nil if they are to be found out.
    func known(_ offsets: [Double]?) -> [Double]? {
        offsets.map { $0.count == count ? $0 : Array(repeating: 0, count: count) }
    }

    /// The number that has to be subtracted from each channel.
    func offsets(of numbers: some RandomAccessCollection<Double>) -> [Double] {
        var ranges = Array(repeating: FloatRange(), count: count)
        var index = 0
        for number in numbers {
            ranges[channel(of: index)].add(number)
            index += 1
        }
        return ranges.map(\.offset)
    }

    /// Numbers minus the offset of their channel, as Floats.
    /// - Throws: what `fault` makes of the index and the number of one that is not finite.
    func floats(
        of numbers: some RandomAccessCollection<Double>, minus offsets: [Double],
        fault: (Int, Double) -> DatasetError
    ) throws -> [Float] {
        let isShifted = offsets.contains { $0 != 0 }
        var floats: [Float] = []
        floats.reserveCapacity(numbers.count)
        for number in numbers {
            let float = Float(isShifted ? number - offsets[channel(of: floats.count)] : number)
            guard float.isFinite else { throw fault(floats.count, number) }
            floats.append(float)
        }
        return floats
    }
}
