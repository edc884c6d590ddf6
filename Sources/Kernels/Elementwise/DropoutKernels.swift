/// The loops of dropout. Masks are bytes, 1 for a value that is kept.
package enum DropoutKernels {
    /// Draws the masks of `rows` samples of `width` values each and applies them: `y = x · scale` where kept,
    /// else 0.
    ///
    /// Value i of the sample at position p of the global batch takes word `p · ⌈width/4⌉ · 4 + i` of
    /// `stream`, and is kept if that is at least `threshold`.
    package static func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, mask: UnsafeMutablePointer<UInt8>,
        rows: Int, width: Int,
        stream: RandomStream, firstSample: Int, threshold: UInt32, scale: Float
    ) {
        let blocks = (width + 3) / 4
        for r in 0..<rows {
            let (xr, yr, mr) = (x + r * width, y + r * width, mask + r * width)
            let first = UInt64(firstSample + r) * UInt64(blocks)
            for b in 0..<blocks {
                let words = stream.block(first + UInt64(b))
                for lane in 0..<min(4, width - 4 * b) {
                    let i = 4 * b + lane
                    let keeps = words[lane] >= threshold
                    mr[i] = keeps ? 1 : 0
                    yr[i] = keeps ? xr[i] * scale : 0
                }
            }
        }
    }

    /// `dx = dy · scale` where kept, else 0.
    package static func backward(
        _ dy: UnsafePointer<Float>, mask: UnsafePointer<UInt8>, into dx: UnsafeMutablePointer<Float>,
        count: Int, scale: Float
    ) {
        for i in 0..<count { dx[i] = mask[i] == 0 ? 0 : dy[i] * scale }
    }
}
