import Kernels

/// The pieces that may travel without what is zero in them: those with a part of a sparse range, such as a
/// table of which a step looks up a few rows.
///
/// A node's sum of such a piece is packed (`Occupancy.pack`) if that halves its bytes; otherwise it travels
/// whole, as all others do. Its length says which. Owned by the communication thread.
struct SparsePieces {
    private let partition: Partition
    private let isSparse: [Bool]
    /// The offset in floats of each piece's packed form in a member's outgoing memory.
    private let places: [Int]
    /// The packed forms of this member's nodes. They stay unchanged until the step's end.
    private let outgoing: [FloatBuffer]
    /// By member: the packed form that arrives; a member sends one after the other.
    private let arriving: [FloatBuffer]

    /// - Parameters:
    ///   - ranges: the sparse ranges of a flat vector.
    ///   - nodes: nodes of this member, at most.
    init(_ ranges: [Range<Int>], rank: Int, partition: Partition, nodes: Int) {
        self.partition = partition
        isSparse = partition.pieces.map { piece in ranges.contains { $0.overlaps(piece.range) } }
        var (places, end, longest) = ([Int](), 0, 0)
        for (piece, isSparse) in zip(partition.pieces, isSparse) {
            places.append(end)
            guard isSparse else { continue }
            let floats = Self.mostBytes(piece) / MemoryLayout<Float>.stride
            if piece.owner == rank { longest = max(longest, floats) } else { end += floats }
        }
        self.places = places
        let (space, room) = (end, longest)
        outgoing = (0..<nodes).map { _ in FloatBuffer(count: space) }
        arriving = (0..<partition.members).map { _ in FloatBuffer(count: room) }
    }

    /// The bytes of a packed piece, at most: half of the whole.
    private static func mostBytes(_ piece: Partition.Piece) -> Int {
        piece.range.count * MemoryLayout<Float>.stride / 2
    }

    /// Returns the k-th node's sum of a piece without its zeros; nil if it travels whole.
    func packed(
        _ index: Int, node k: Int, _ vector: UnsafePointer<Float>, _ occupancy: Occupancy?
    ) -> UnsafeRawBufferPointer? {
        let piece = partition.pieces[index]
        guard isSparse[index], let occupancy else { return nil }
        let bytes = occupancy.packedBytes(piece.range)
        guard bytes <= Self.mostBytes(piece) else { return nil }
        if bytes == 0 { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let memory = UnsafeMutableRawPointer(outgoing[k].pointer + places[index])
        occupancy.pack(piece.range, of: vector, into: memory)
        return UnsafeRawBufferPointer(start: memory, count: bytes)
    }

    /// Returns the memory for a packed piece of so many bytes; nil if no packed piece has them.
    func memory(_ index: Int, bytes: Int, from member: Int) -> UnsafeMutableRawBufferPointer? {
        let piece = partition.pieces[index]
        guard isSparse[index], Occupancy.mayPack(piece.range.count, into: bytes),
            bytes <= Self.mostBytes(piece)
        else { return nil }
        return UnsafeMutableRawBufferPointer(start: arriving[member].pointer, count: bytes)
    }
}
