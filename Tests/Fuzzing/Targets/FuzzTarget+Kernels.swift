import Cluster
import Kernels

// The target for parts of gradients that other members send without their zeros.
extension FuzzTarget {
    /// The input is packed: it replaces three blocks that were partly occupied, and nothing beside them.
    static let packed = FuzzTarget("packed", longestInput: 4096) { input in
        let (block, range) = (FlatVector.blockSize, FlatVector.blockSize..<(4 * FlatVector.blockSize))
        let (vector, occupancy) = (FloatBuffer(count: 5 * block), Occupancy(count: 5 * block))
        vector.elements.update(repeating: 1)
        occupancy.insert(0..<(5 * block))
        occupancy.clear((block + 16)..<(3 * block - 16), of: vector.pointer)
        guard Occupancy.mayPack(range.count, into: input.count),
            occupancy.unpack(input, into: range, of: vector.pointer)
        else { throw MalformedMessage("these are not the floats that they count") }
        var again = [UInt8](repeating: 0, count: occupancy.packedBytes(range))
        again.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress, !bytes.isEmpty {
                occupancy.pack(range, of: vector.pointer, into: base)
            }
        }
        try require(again.elementsEqual(input), "packed again it is something else")
        try require(
            (0..<block).allSatisfy { vector.pointer[$0] == 1 && vector.pointer[4 * block + $0] == 1 },
            "what lies beside it has changed")
    }
}
