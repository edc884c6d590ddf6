/// The tokens of words that were met before: texts repeat their words. A hash table with open addressing in
/// bounded memory; when it is full, it begins anew.
struct WordCache {
    private struct Entry {
        var hash: UInt64 = 0
        var keyStart: Int32 = 0
        /// 0 in an empty place.
        var keyCount: Int32 = 0
        var idStart: Int32 = 0
        var idCount: Int32 = 0
    }

    /// Longer words are not kept.
    static let longestWord = 128
    private static let mostEntries = 1 << 17
    private static let placeCount = 1 << 18

    private var places: [Entry] = []
    private var keys: [UInt8] = []
    private var ids: [Int32] = []
    private var count = 0

    /// Appends the tokens of a word, which `encode` finds if the word is not here.
    @inline(__always)
    mutating func append(
        _ word: UnsafeBufferPointer<UInt8>, to output: inout [Int32], encode: (inout [Int32]) -> Void
    ) {
        guard word.count <= Self.longestWord else { return encode(&output) }
        if places.isEmpty || count >= Self.mostEntries { clear() }
        let hash = Self.hash(word)
        var place = Int(truncatingIfNeeded: hash >> 40) & (Self.placeCount - 1)
        while places[place].keyCount != 0 {
            if places[place].hash == hash, isKey(places[place], word) {
                let start = Int(places[place].idStart)
                output.append(contentsOf: ids[start..<start + Int(places[place].idCount)])
                return
            }
            place = (place + 1) & (Self.placeCount - 1)
        }
        let start = output.count
        encode(&output)
        places[place] = Entry(
            hash: hash, keyStart: Int32(keys.count), keyCount: Int32(word.count), idStart: Int32(ids.count),
            idCount: Int32(output.count - start))
        keys.append(contentsOf: word)
        ids.append(contentsOf: output[start...])
        count += 1
    }

    private func isKey(_ entry: Entry, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(entry.keyCount) == word.count else { return false }
        let start = Int(entry.keyStart)
        for index in 0..<word.count where keys[start + index] != word[index] { return false }
        return true
    }

    private mutating func clear() {
        places = [Entry](repeating: Entry(), count: Self.placeCount)
        keys.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        count = 0
    }

    /// FNV-1a with a last mixing step.
    @inline(__always)
    private static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
    }
}
