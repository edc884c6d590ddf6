/// Counts different values in little memory: exactly up to 1,024 of them, and within some percent beyond.
///
/// It keeps the hashes that end in `level` zero bits; when there are too many, it raises the level, which
/// drops half of them. Each that is left stands for 2^level values (adaptive sampling, Flajolet 1990, "On
/// adaptive sampling").
struct DistinctCounter {
    private var slots: [UInt64] = []
    private var kept = 0
    private var level: UInt64 = 0

    private static let most = 1_024

    var isExact: Bool { level == 0 }
    /// The number of different values.
    var count: Int { kept << Int(level) }

    /// Adds a value by its hash.
    @inline(__always)
    mutating func add(_ hash: UInt64) {
        guard hash & ((1 << level) - 1) == 0 else { return }
        insert(hash)
    }

    private mutating func insert(_ hash: UInt64) {
        let hash = hash == 0 ? 1 << 63 : hash
        if slots.isEmpty { slots = Array(repeating: 0, count: 64) }
        var slot = Self.place(hash, slots.count)
        while slots[slot] != 0 {
            if slots[slot] == hash { return }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = hash
        kept += 1
        if kept > Self.most {
            level += 1
            rebuild(slots.count)
        } else if 2 * kept > slots.count {
            rebuild(2 * slots.count)
        }
    }

    private static func place(_ hash: UInt64, _ count: Int) -> Int {
        Int(truncatingIfNeeded: hash >> 40) & (count - 1)
    }

    private mutating func rebuild(_ count: Int) {
        let old = slots
        slots = Array(repeating: 0, count: count)
        kept = 0
        for hash in old where hash != 0 && hash & ((1 << level) - 1) == 0 {
            var slot = Self.place(hash, count)
            while slots[slot] != 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = hash
            kept += 1
        }
    }
}
