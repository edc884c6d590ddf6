/// Equal samples, by their hashes of 64 bits.
package enum DuplicateSamples {
    /// The number of samples that are equal to an earlier one.
    package static func count(within hashes: [UInt64]) -> Int {
        var known = HashSet(capacity: hashes.count)
        return hashes.count { !known.insert($0) }
    }

    /// The number of samples of `hashes` that are also in `others`.
    package static func count(of hashes: [UInt64], in others: [UInt64]) -> Int {
        var known = HashSet(capacity: others.count)
        for hash in others { _ = known.insert(hash) }
        return hashes.count { known.contains($0) }
    }
}

/// A set of hashes: open addressing by their lowest bits, which are random already.
private struct HashSet {
    private var slots: [UInt64]
    private var hasZero = false

    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = Array(repeating: 0, count: size)
    }

    func contains(_ hash: UInt64) -> Bool { hash == 0 ? hasZero : slots[slot(hash)] == hash }

    /// Returns whether the hash is new.
    mutating func insert(_ hash: UInt64) -> Bool {
        guard hash != 0 else {
            defer { hasZero = true }
            return !hasZero
        }
        let slot = slot(hash)
        guard slots[slot] == 0 else { return false }
        slots[slot] = hash
        return true
    }

    /// The slot that holds the hash, or the free one where it belongs.
    private func slot(_ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0, slots[slot] != hash { slot = (slot + 1) & mask }
        return slot
    }
}
