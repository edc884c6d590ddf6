/// Different byte strings, numbered in the order in which they came, with their counts: an open-addressing
/// hash table without an object per name.
struct NameTable {
    /// The number of times that each name was added.
    private(set) var counts: [Int] = []
    /// Whether a name found no room.
    private(set) var isOverfull = false

    private let limit: Int
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var hashes: [UInt64] = []
    /// A name's index + 1, or 0; twice as many as names at least.
    private var slots: [Int32] = []

    /// - Parameter limit: the most names that are kept.
    init(limit: Int) { self.limit = limit }

    /// Makes a table of these names.
    init(_ names: [String]) {
        self.init(limit: names.count)
        for name in names {
            var name = name
            name.withUTF8 { _ = add($0, hash: Self.hash($0)) }
        }
    }

    var count: Int { counts.count }

    /// Adds a name once more. Returns whether it is new; nil if there is no room for it.
    mutating func add(_ name: UnsafeBufferPointer<UInt8>, hash: UInt64) -> Bool? {
        if let index = index(of: name, hash: hash) {
            counts[index] += 1
            return false
        }
        guard count < limit else {
            isOverfull = true
            return nil
        }
        if slots.count < 2 * (count + 1) { grow() }
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        hashes.append(hash)
        counts.append(1)
        slots[freeSlot(hash)] = Int32(count)
        return true
    }

    func index(of name: UnsafeBufferPointer<UInt8>) -> Int? { index(of: name, hash: Self.hash(name)) }

    private func index(of name: UnsafeBufferPointer<UInt8>, hash: UInt64) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if hashes[index] == hash, self.name(index).elementsEqual(name) { return index }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func name(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    /// The names in the order in which they came. What is no UTF-8 is replaced.
    var strings: [String] { (0..<count).map { String(decoding: name($0), as: UTF8.self) } }

    /// The names with their counts, sorted by their bytes; nil if one is not UTF-8. Two spellings of a name
    /// in Unicode, which are equal as strings, are two names.
    var texts: [(name: String, count: Int)]? {
        var texts: [(name: String, count: Int)] = []
        for index in 0..<count {
            guard let text = String(validating: name(index), as: UTF8.self) else { return nil }
            texts.append((text, counts[index]))
        }
        return texts.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: max(16, 2 * slots.count))
        for (index, hash) in hashes.enumerated() { slots[freeSlot(hash)] = Int32(index + 1) }
    }

    private func freeSlot(_ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    /// Hashes eight bytes at a time.
    static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(text)
        var hash = UInt64(text.count)
        var offset = 0
        while offset + 8 <= raw.count {
            hash = mixed(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < raw.count {
            rest = rest << 8 | UInt64(raw[offset])
            offset += 1
        }
        return mixed(hash ^ rest)
    }

    /// Spreads the bits of a word (the finalizer of SplitMix64, Steele, Lea and Flood 2014).
    @inline(__always)
    static func mixed(_ word: UInt64) -> UInt64 {
        var z = word &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
