import Kernels
import TestSupport
import Testing

/// A·v = λv, orthonormal, sorted, oriented: together these say everything about eigenvectors.
@Suite struct SymmetricEigenTests {
    private func symmetric(_ n: Int, seed: UInt64) -> [Double] {
        var random = RandomStream(seed: seed, purpose: .test)
        var matrix = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0...i {
                let value = random.normal()
                (matrix[i * n + j], matrix[j * n + i]) = (value, value)
            }
        }
        return matrix
    }

    private func eigen(_ matrix: [Double], _ n: Int, count: Int? = nil, lanes: Int = 1) throws
        -> SymmetricEigen
    {
        let buffer = DoubleBuffer(count: n * n)
        for (i, value) in matrix.enumerated() { buffer.pointer[i] = value }
        var found: SymmetricEigen?
        onThread(in: .computing) {
            let pool = LanePool(lanes: lanes)
            found = SymmetricEigen(buffer, size: n, vectorCount: count ?? n, lanes: pool)
            pool.close()
        }
        return try #require(found)
    }

    private func check(_ matrix: [Double], _ n: Int) throws {
        let found = try eigen(matrix, n)
        let scale = (matrix.map(\.magnitude).max() ?? 0) * Double(n)
        let v = { (row: Int, c: Int) in found.vectors.pointer[row * n + c] }
        for row in 0..<n {
            if row > 0 { #expect(found.values[row - 1] >= found.values[row]) }
            var largest = 0
            for i in 0..<n {
                let product = (0..<n).reduce(0.0) { $0 + matrix[i * n + $1] * v(row, $1) }
                #expect(
                    abs(product - found.values[row] * v(row, i)) <= 1e-13 * scale,
                    "A·v of \(row), \(i), size \(n)")
                if v(row, i).magnitude > v(row, largest).magnitude { largest = i }
            }
            #expect(v(row, largest) > 0)
            for other in 0...row {
                let dot = (0..<n).reduce(0.0) { $0 + v(row, $1) * v(other, $1) }
                #expect(abs(dot - (row == other ? 1 : 0)) < 1e-12, "v\(row)·v\(other), size \(n)")
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 8, 17, 64, 130]) func random(n: Int) throws {
        try check(symmetric(n, seed: UInt64(n)), n)
    }

    @Test func special() throws {
        let n = 20
        try check(Array(repeating: 0, count: n * n), n)
        try check((0..<(n * n)).map { $0 / n == $0 % n ? 3 : 0 }, n)  // one eigenvalue, twenty times
        try check(Array(repeating: 2.5, count: n * n), n)  // rank 1
        // Hilbert's matrix: eigenvalues from 2 down to almost 0.
        try check((0..<(n * n)).map { Double(1) / Double($0 / n + $0 % n + 1) }, n)
    }

    /// The second difference's eigenvalues are 2 − 2cos(πk/(n + 1)).
    @Test func closedForm() throws {
        let n = 50
        let found = try eigen(
            (0..<(n * n)).map { $0 / n == $0 % n ? 2 : abs($0 / n - $0 % n) == 1 ? -1 : 0 }, n)
        for k in 1...n {
            let expected = 2 - 2 * ScalarMath.cos(Double.pi * Double(n + 1 - k) / Double(n + 1))
            #expect(abs(found.values[k - 1] - expected) < 1e-13)
        }
    }

    /// Neither lanes nor how many vectors are wanted change a bit.
    @Test func bits() throws {
        let matrix = symmetric(150, seed: 3)
        let (one, three) = (try eigen(matrix, 150), try eigen(matrix, 150, count: 40, lanes: 3))
        #expect(one.values == three.values)
        #expect(Array(one.vectors.elements.prefix(40 * 150)) == Array(three.vectors.elements))
    }
}
