import Kernels
import Testing

@Suite struct ElementwiseTests {
    static let counts = [1, 15, 16, 17, 100, 1023, 1024, 4099]

    /// Single operations are correctly rounded: they equal the scalar ones.
    @Test(arguments: counts) func sums(count: Int) {
        let (a, b, y) = (
            randomValues(count, seed: 1), randomValues(count, seed: 2), FloatBuffer(count: count)
        )
        Elementwise.sum(a.pointer, b.pointer, into: y.pointer, count: count)
        #expect((0..<count).allSatisfy { y.pointer[$0] == a.pointer[$0] + b.pointer[$0] })
        Elementwise.add(a.pointer, to: y.pointer, count: count)
        #expect((0..<count).allSatisfy { y.pointer[$0] == a.pointer[$0] + b.pointer[$0] + a.pointer[$0] })
        #expect((count..<y.paddedCount).allSatisfy { y.pointer[$0] == 0 })
    }

    @Test(arguments: counts) func relu(count: Int) {
        let (x, dy) = (randomValues(count, seed: 3), randomValues(count, seed: 4))
        let (y, dx) = (FloatBuffer(count: count), FloatBuffer(count: count))
        x.pointer[0] = -0.0
        Elementwise.relu(x.pointer, into: y.pointer, count: count)
        #expect((0..<count).allSatisfy { y.pointer[$0] == max(x.pointer[$0], 0) })
        Elementwise.reluBackward(y: y.pointer, dy: dy.pointer, into: dx.pointer, count: count)
        #expect((0..<count).allSatisfy { dx.pointer[$0] == (x.pointer[$0] > 0 ? dy.pointer[$0] : 0) })
        #expect(dx.pointer[0] == 0, "the slope at 0 is 0, as PyTorch has it")
    }

    @Test func reluKeepsNaN() {
        let x = FloatBuffer(count: 3)
        (x.pointer[0], x.pointer[1], x.pointer[2]) = (.nan, -.infinity, .infinity)
        Elementwise.relu(x.pointer, into: x.pointer, count: 3)
        #expect(x.pointer[0].isNaN && x.pointer[1] == 0 && x.pointer[2] == .infinity)
    }

    @Test(arguments: counts) func saturatingBackward(count: Int) {
        var misses = Misses()
        let (x, dy) = (randomValues(count, seed: 5, deviation: 3), randomValues(count, seed: 6))
        let (y, dx) = (FloatBuffer(count: count), FloatBuffer(count: count))
        VectorMath.sigmoid(x.pointer, into: y.pointer, count: count)
        Elementwise.sigmoidBackward(y: y.pointer, dy: dy.pointer, into: dx.pointer, count: count)
        for i in 0..<count {
            let exact = dy.d(i) * y.d(i) * (1 - y.d(i))
            misses.expect(abs(dx.d(i) - exact) <= 3.01 * unitRoundoff * abs(exact), at: i)  // three roundings
        }
        VectorMath.tanh(x.pointer, into: y.pointer, count: count)
        Elementwise.tanhBackward(y: y.pointer, dy: dy.pointer, into: dx.pointer, count: count)
        for i in 0..<count {
            let exact = dy.d(i) * (1 - y.d(i) * y.d(i))
            // y² is rounded before the difference: an error of u of it, whatever remains.
            misses.expect(
                abs(dx.d(i) - exact) <= 2.01 * unitRoundoff * abs(exact) + 1.01 * unitRoundoff * abs(dy.d(i)),
                at: i)
        }
        #expect(misses == .none)
    }

    @Test func findsNonFinite() {
        for count in [1, 15, 16, 17, 333] {
            let x = randomValues(count, seed: 7, deviation: 1e30)
            #expect(Elementwise.allFinite(x.pointer, count: count))
            for bad in [Float.nan, .infinity, -.infinity, -.signalingNaN] {
                for at in [0, count / 2, count - 1] {
                    let value = x.pointer[at]
                    x.pointer[at] = bad
                    #expect(!Elementwise.allFinite(x.pointer, count: count))
                    x.pointer[at] = value
                }
            }
            // The values behind the count are ignored.
            if count % 16 != 0 { x.pointer[count] = .nan }
            #expect(Elementwise.allFinite(x.pointer, count: count))
            x.pointer[0] = .greatestFiniteMagnitude
            #expect(Elementwise.allFinite(x.pointer, count: count))
        }
    }
}
