/// The merges of a BPE: for a pair of token ids the rank of its merge and the id of the merged token. A hash
/// table with open addressing, at most half full.
struct PairTable: Sendable {
    /// The rank of pairs that are not merged.
    static let noRank = UInt32.max

    private var keys: [UInt64]
    private var values: [(rank: UInt32, id: Int32)]
    private let mask: Int

    /// The key of an empty place: no pair has it, because ids are not negative.
    private static let empty = UInt64.max

    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        keys = [UInt64](repeating: Self.empty, count: size)
        values = [(rank: UInt32, id: Int32)](repeating: (Self.noRank, 0), count: size)
        mask = size - 1
    }

    @inline(__always)
    private func place(_ key: UInt64) -> Int {
        var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while keys[place] != key && keys[place] != Self.empty { place = (place + 1) & mask }
        return place
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Sets the merge of a pair. The capacity must suffice.
    mutating func set(_ left: Int32, _ right: Int32, rank: UInt32, id: Int32) {
        let key = Self.key(left, right)
        let place = place(key)
        keys[place] = key
        values[place] = (rank, id)
    }

    /// The merge of a pair; its rank is `noRank` if the pair is not merged.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, id: Int32) {
        values[place(Self.key(left, right))]
    }
}
