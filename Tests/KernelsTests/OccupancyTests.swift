import Kernels
import Testing

/// Vectors of which only the occupied floats are cleared and packed.
@Suite struct OccupancyTests {
    private static let count = 3 * FlatVector.blockSize

    /// A vector whose values in some ranges are not zero, and its occupancy.
    private static func vector(_ ranges: [Range<Int>], seed: Int = 1) -> (values: FloatBuffer, Occupancy) {
        let (values, occupancy) = (FloatBuffer(count: count), Occupancy(count: count))
        for range in ranges {
            for i in range { values.pointer[i] = Float(seed * count + i + 1) }
            occupancy.insert(range)
        }
        return (values, occupancy)
    }

    private static func packed(_ vector: (values: FloatBuffer, Occupancy), _ range: Range<Int>) -> [UInt8] {
        let bytes = vector.1.packedBytes(range)
        guard bytes > 0 else { return [] }
        return Array(unsafeUninitializedCapacity: bytes) { buffer, count in
            vector.1.pack(
                range, of: UnsafePointer(vector.values.pointer),
                into: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = bytes
        }
    }

    /// Some ranges, and the numbers of groups of 16 floats that they touch.
    private static let cases: [(ranges: [Range<Int>], groups: Set<Int>)] = [
        ([], []),
        ([0..<1], [0]),
        ([15..<17], [0, 1]),
        ([1008..<1040], [63, 64]),
        ([2047..<3072], Set(127..<192)),
        ([40..<60, 50..<70, 1500..<1501], [2, 3, 4, 93]),
        ([0..<3072], Set(0..<192)),
    ]

    @Test(arguments: cases.indices) func bitsAreGroups(_ index: Int) {
        let (ranges, groups) = Self.cases[index]
        let (values, occupancy) = Self.vector(ranges)
        let words = occupancy.words(from: 0)
        #expect((0..<192).allSatisfy { (words[$0 / 64] >> UInt64($0 % 64) & 1 == 1) == groups.contains($0) })
        for block in 0..<3 {
            let range = (1024 * block)..<(1024 * block + 1024)
            #expect(occupancy.isEmpty(range) == groups.isDisjoint(with: (64 * block)..<(64 * block + 64)))
            let count = groups.count { $0 / 64 == block }
            #expect(occupancy.packedBytes(range) == (count == 0 ? 0 : 8 + 64 * count))
            #expect(count == 0 || Occupancy.mayPack(1024, into: 8 + 64 * count))
        }
        occupancy.clear(16..<3072, of: values.pointer)
        #expect((16..<3072).allSatisfy { values.pointer[$0] == 0 })
        #expect(
            (0..<16).allSatisfy { i in
                (values.pointer[i] != 0) == ranges.contains { $0.contains(i) }
            })
        #expect(occupancy.isEmpty(1024..<3072) && occupancy.words(from: 0)[0] == (groups.contains(0) ? 1 : 0))
    }

    /// Whatever was unpacked before, a packed range becomes what it was at the sender, and nothing beside it
    /// changes.
    @Test func unpackingReplaces() {
        for range in [0..<3072, 1024..<2048, 1024..<3072] {
            for before in Self.cases {
                for after in Self.cases {
                    let (to, sent) = (Self.vector(before.ranges), Self.vector(after.ranges, seed: 2))
                    let old = Array(to.values.elements)
                    let bytes = Self.packed(sent, range)
                    let done = bytes.withUnsafeBytes { to.1.unpack($0, into: range, of: to.values.pointer) }
                    #expect(done)
                    #expect(
                        (0..<Self.count).allSatisfy {
                            to.values.pointer[$0] == (range.contains($0) ? sent.values.pointer[$0] : old[$0])
                        })
                    #expect(
                        (range.lowerBound / 1024..<range.upperBound / 1024).allSatisfy {
                            to.1.words(from: 0)[$0] == sent.1.words(from: 0)[$0]
                        })
                }
            }
        }
    }

    /// Bytes that are not as many as their words say change nothing.
    @Test func wrongLengthsAreRefused() {
        let good = Self.packed(Self.vector([40..<60, 1500..<1501]), 0..<3072)
        #expect(good.count == 24 + 3 * 64)
        var others = [3, 8, 23, 24, 24 + 64, good.count - 1].map { Array(good.prefix($0)) }
        others.append(good + Array(repeating: 0, count: 64))
        var more = good
        more[20] ^= 1
        others.append(more)
        let to = Self.vector([100..<2000])
        let old = Array(to.values.elements)
        for bytes in others {
            let done = bytes.withUnsafeBytes { to.1.unpack($0, into: 0..<3072, of: to.values.pointer) }
            #expect(!done && old.elementsEqual(to.values.elements))
        }
        for bytes in [-64, 8, 24, 25, 24 + 63] { #expect(!Occupancy.mayPack(3072, into: bytes)) }
    }
}
