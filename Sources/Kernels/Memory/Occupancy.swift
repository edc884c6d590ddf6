/// The occupancy of a flat vector: a bit for every 16 floats, and a word for every block of 1,024 floats.
/// Where a bit is 0, the floats are +0.
///
/// Vectors that are mostly zero are so cleared, added and sent in part, with the bits of the whole. Whoever
/// writes the vector keeps its occupancy.
package struct Occupancy {
    /// Floats of a bit.
    package static let granule = FlatVector.alignment
    private static let wordBits = FlatVector.blockSize / granule

    private let words: AlignedBuffer<UInt64>

    /// Makes the occupancy of a vector of `count` zeros.
    package init(count: Int) {
        words = AlignedBuffer(count: (count + FlatVector.blockSize - 1) / FlatVector.blockSize)
    }

    /// Returns the words of the blocks from a multiple of 1,024 floats on.
    package func words(from start: Int) -> UnsafeMutablePointer<UInt64> {
        words.pointer + start / FlatVector.blockSize
    }

    /// Marks all floats that share a bit with some of `range` as occupied.
    package func insert(_ range: Range<Int>) {
        forEachWord(of: range) { index, mask in words.pointer[index] |= mask }
    }

    /// Makes the occupied floats of a range of the vector zero, and the range unoccupied. It begins at a
    /// multiple of 16 floats.
    package func clear(_ range: Range<Int>, of vector: UnsafeMutablePointer<Float>) {
        forEachWord(of: range) { index, mask in
            Self.forEachGranule(of: words.pointer[index] & mask) {
                (vector + index * FlatVector.blockSize + $0).update(repeating: 0, count: Self.granule)
            }
            words.pointer[index] &= ~mask
        }
    }

    /// True if nothing is occupied in a range of whole blocks.
    package func isEmpty(_ range: Range<Int>) -> Bool {
        let words = words(from: range.lowerBound)
        return (0..<(range.count / FlatVector.blockSize)).allSatisfy { words[$0] == 0 }
    }

    /// Calls `body` for every word that covers some of `range`, with the bits that do.
    private func forEachWord(of range: Range<Int>, _ body: (_ index: Int, _ mask: UInt64) -> Void) {
        guard !range.isEmpty else { return }
        let (first, last) = (range.lowerBound / Self.granule, (range.upperBound - 1) / Self.granule)
        for index in (first / Self.wordBits)...(last / Self.wordBits) {
            let low = max(0, first - index * Self.wordBits)
            let high = min(Self.wordBits - 1, last - index * Self.wordBits)
            body(index, (~0 << UInt64(low)) & (~0 >> UInt64(Self.wordBits - 1 - high)))
        }
    }

    /// Calls `body` with the offset in its block of the 16 floats of each bit that is set.
    @inline(__always)
    private static func forEachGranule(of word: UInt64, _ body: (_ offset: Int) -> Void) {
        var rest = word
        while rest != 0 {
            body(rest.trailingZeroBitCount * granule)
            rest &= rest - 1
        }
    }
}

// A part of a vector without what is zero: the words of its blocks, then the occupied floats in order.

extension Occupancy {
    private static let granuleBytes = granule * MemoryLayout<Float>.stride

    /// The bytes of the words of `count` floats, whole blocks.
    package static func wordBytes(_ count: Int) -> Int { count / FlatVector.blockSize * 8 }

    /// True if `count` floats, whole blocks, may have so many bytes when they are packed.
    package static func mayPack(_ count: Int, into bytes: Int) -> Bool {
        let rest = bytes - wordBytes(count)
        return bytes == 0 || (rest > 0 && rest % granuleBytes == 0)
    }

    /// Returns the bytes of a packed range, whole blocks: none if nothing is occupied.
    package func packedBytes(_ range: Range<Int>) -> Int {
        let words = words(from: range.lowerBound)
        let granules = Self.granules(words, range.count)
        return granules == 0 ? 0 : Self.wordBytes(range.count) + granules * Self.granuleBytes
    }

    /// Packs the occupied floats of a range, whole blocks, into `packedBytes` bytes.
    package func pack(
        _ range: Range<Int>, of vector: UnsafePointer<Float>, into bytes: UnsafeMutableRawPointer
    ) {
        let words = words(from: range.lowerBound)
        var to = bytes + Self.wordBytes(range.count)
        for block in 0..<(range.count / FlatVector.blockSize) {
            bytes.storeBytes(of: words[block].littleEndian, toByteOffset: 8 * block, as: UInt64.self)
            let from = vector + range.lowerBound + block * FlatVector.blockSize
            Self.forEachGranule(of: words[block]) {
                to.copyMemory(from: from + $0, byteCount: Self.granuleBytes)
                to += Self.granuleBytes
            }
        }
    }

    /// Makes a range of the vector, whole blocks, what `bytes` say, and keeps its occupancy. It returns
    /// false, and changes nothing, unless the packed floats are as many as the words say.
    package func unpack(
        _ bytes: UnsafeRawBufferPointer, into range: Range<Int>, of vector: UnsafeMutablePointer<Float>
    ) -> Bool {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            clear(range, of: vector)
            return true
        }
        let wordBytes = Self.wordBytes(range.count)
        guard bytes.count >= wordBytes else { return false }
        func word(_ block: Int) -> UInt64 {
            UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8 * block, as: UInt64.self))
        }
        let blocks = range.count / FlatVector.blockSize
        let granules = (0..<blocks).reduce(0) { $0 + word($1).nonzeroBitCount }
        guard bytes.count == wordBytes + granules * Self.granuleBytes else { return false }
        let words = words(from: range.lowerBound)
        var from = base + wordBytes
        for block in 0..<blocks {
            let (to, now) = (vector + range.lowerBound + block * FlatVector.blockSize, word(block))
            Self.forEachGranule(of: words[block] & ~now) {
                (to + $0).update(repeating: 0, count: Self.granule)
            }
            Self.forEachGranule(of: now) {
                UnsafeMutableRawPointer(to + $0).copyMemory(from: from, byteCount: Self.granuleBytes)
                from += Self.granuleBytes
            }
            words[block] = now
        }
        return true
    }

    private static func granules(_ words: UnsafePointer<UInt64>, _ count: Int) -> Int {
        (0..<(count / FlatVector.blockSize)).reduce(0) { $0 + words[$1].nonzeroBitCount }
    }
}
