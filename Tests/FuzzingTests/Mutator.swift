import TestSupport

/// Changes inputs in the ways in which files and messages are wrong: flipped bits, extreme numbers, pieces
/// that are cut, doubled and mixed. The same seed makes the same changes.
struct Mutator {
    private static let extremes: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, .max >> 1, .max,
    ]
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(state: seed) }

    /// - Parameter others: inputs whose pieces may be inserted.
    mutating func mutated(_ input: [UInt8], others: [[UInt8]], longest: Int) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, others) }
        return Array(bytes.prefix(longest))
    }

    private mutating func mutate(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        case 1: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + length(of: bytes)))
        case 4:
            bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + length(of: bytes))], at: place)
        case 5: writeNumber(into: &bytes, at: place)
        default:
            let other = others[Int.random(in: others.indices, using: &random)]
            let from = Int.random(in: 0...other.count, using: &random)
            bytes.insert(contentsOf: other[from..<min(other.count, from + length(of: other))], at: place)
        }
    }

    /// A length, mostly short.
    private mutating func length(of bytes: [UInt8]) -> Int {
        let most = max(1, bytes.count >> Int.random(in: 0...6, using: &random))
        return Int.random(in: 1...most, using: &random)
    }

    private mutating func writeNumber(into bytes: inout [UInt8], at place: Int) {
        let width = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
        guard place + width <= bytes.count else { return }
        let number = Self.extremes[Int.random(in: Self.extremes.indices, using: &random)]
        let isBig = Bool.random(using: &random)
        for i in 0..<width {
            bytes[place + i] = UInt8(truncatingIfNeeded: number >> UInt64(8 * (isBig ? width - 1 - i : i)))
        }
    }
}
