/// The loops of maxout: the largest of each run of neighbouring columns.
package enum MaxoutKernels {
    /// Writes `y[r, c] = max_j x[r, c·pieces + j]`, and to `winner` that j, the lowest one of equals. NaN
    /// counts as the largest.
    package static func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, winner: UnsafeMutablePointer<UInt8>,
        count: Int, pieces: Int
    ) {
        for i in 0..<count {
            let from = x + i * pieces
            var (best, index) = (from[0], 0)
            for j in 1..<max(1, pieces) where from[j] > best || from[j].isNaN { (best, index) = (from[j], j) }
            y[i] = best
            winner[i] = UInt8(truncatingIfNeeded: index)
        }
    }

    /// Writes the gradient: dy for the winners, 0 for the others.
    package static func backward(
        _ dy: UnsafePointer<Float>, winner: UnsafePointer<UInt8>, into dx: UnsafeMutablePointer<Float>,
        count: Int, pieces: Int
    ) {
        for i in 0..<count {
            let to = dx + i * pieces
            for j in 0..<pieces { to[j] = 0 }
            to[Int(winner[i])] = dy[i]
        }
    }
}
