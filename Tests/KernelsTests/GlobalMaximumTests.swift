import Kernels
import Testing

@Suite struct GlobalMaximumTests {
    /// The gradient goes to the first of equal maxima; a NaN is the maximum.
    @Test func gradientGoesToTheFirstMaximum() {
        let (x, y, dy) = (FloatBuffer(count: 12), FloatBuffer(count: 4), FloatBuffer(count: 4))
        let (dx, scratch) = (FloatBuffer(count: 12), FloatBuffer(count: 4))
        let values: [Float] = [-1, 2, 7, .nan, -3, 5, 7, 1, -1, 5, 6, 2]
        for (i, v) in values.enumerated() { x.pointer[i] = v }
        for i in 0..<4 { dy.pointer[i] = Float(10 + i) }
        Pooling.globalMaximum(x.pointer, positions: 3, channels: 4, into: y.pointer)
        #expect(Array(y.elements.prefix(3)) == [-1, 5, 7])
        #expect(y.pointer[3].isNaN)
        Pooling.globalMaximumBackward(
            x: x.pointer, y: y.pointer, dy: dy.pointer, positions: 3, channels: 4, into: dx.pointer,
            scratch: scratch.pointer)
        #expect(Array(dx.elements) == [10, 0, 12, 13, 0, 11, 0, 0, 0, 0, 0, 0])
    }
}
