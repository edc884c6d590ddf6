import Kernels
import TestSupport
import Testing

@Suite struct BLASTests {
    private static func filled(_ count: Int, stream: inout RandomStream, offset: Int = 0) -> FloatBuffer {
        let buffer = FloatBuffer(count: count + offset)
        for i in 0..<count { buffer.pointer[offset + i] = Float(stream.uniform(in: -1..<1)) }
        return buffer
    }

    @Test(arguments: [(1, 1, 1), (7, 5, 3), (32, 10, 64), (33, 17, 65), (128, 1, 70)], [false, true])
    func productsAgreeWithSumsInDouble(shape: (m: Int, n: Int, k: Int), transposed: Bool) {
        let (m, n, k) = shape
        var stream = RandomStream(seed: 1, purpose: .test, major: m, minor: n)
        let a = Self.filled(m * k, stream: &stream)
        let b = Self.filled(k * n, stream: &stream)
        let c = Self.filled(m * n, stream: &stream)
        let before = (0..<m * n).map { c.pointer[$0] }
        BLAS.multiply(
            transposeA: transposed, transposeB: !transposed, m: m, n: n, k: k,
            alpha: 0.5, a: a.pointer, lda: transposed ? m : k, b: b.pointer, ldb: transposed ? n : k,
            beta: 2, c: c.pointer, ldc: n)
        for i in 0..<m {
            for j in 0..<n {
                var sum = 2 * Double(before[i * n + j])
                for l in 0..<k {
                    let x = a.pointer[transposed ? l * m + i : i * k + l]
                    let y = b.pointer[transposed ? l * n + j : j * k + l]
                    sum += 0.5 * Double(x) * Double(y)
                }
                #expect(abs(Double(c.pointer[i * n + j]) - sum) < 1e-5)
            }
        }
    }

    /// The same shape and data give the same bits on every thread and at every alignment to 64 bytes.
    @Test(arguments: [
        (1, 32, 64), (32, 10, 64), (33, 17, 129), (256, 128, 70), (64, 1, 200), (200, 300, 400),
    ])
    func bitsDependOnShapeAndDataAlone(m: Int, n: Int, k: Int) {
        var stream = RandomStream(seed: 2, purpose: .test)
        let a = Self.filled(m * k, stream: &stream)
        let b = Self.filled(k * n, stream: &stream)
        let expected = FloatBuffer(count: m * n)
        BLAS.multiply(
            m: m, n: n, k: k, a: a.pointer, lda: k, b: b.pointer, ldb: n, c: expected.pointer, ldc: n)

        let copies = (0..<24).map { _ in
            let offsets = (16 * stream.below(9), 16 * stream.below(9), 16 * stream.below(9))
            return Copy(a: a, b: b, m: m, n: n, offsets: offsets)
        }
        onThread(in: .computing) {
            LanePool(lanes: 3).run(copies.count) { task, _ in
                let copy = copies[task]
                BLAS.multiply(
                    m: m, n: n, k: k, a: copy.a.pointer + copy.offsets.0, lda: k,
                    b: copy.b.pointer + copy.offsets.1, ldb: n,
                    c: copy.c.pointer + copy.offsets.2, ldc: n)
            }
        }
        for copy in copies {
            let same = (0..<m * n).allSatisfy {
                copy.c.pointer[copy.offsets.2 + $0].bitPattern == expected.pointer[$0].bitPattern
            }
            #expect(same, "offsets \(copy.offsets)")
        }
    }

    private struct Copy: Sendable {
        let a: FloatBuffer
        let b: FloatBuffer
        let c: FloatBuffer
        let offsets: (Int, Int, Int)

        init(a: FloatBuffer, b: FloatBuffer, m: Int, n: Int, offsets: (Int, Int, Int)) {
            self.offsets = offsets
            self.a = FloatBuffer(count: a.count + offsets.0)
            self.b = FloatBuffer(count: b.count + offsets.1)
            c = FloatBuffer(count: m * n + offsets.2)
            (self.a.pointer + offsets.0).update(from: a.pointer, count: a.count)
            (self.b.pointer + offsets.1).update(from: b.pointer, count: b.count)
        }
    }

    @Test func namesItsCoreAndBuild() {
        #expect(!BLAS.coreName.isEmpty)
        #expect(BLAS.configuration.contains("OpenBLAS"))
    }
}
