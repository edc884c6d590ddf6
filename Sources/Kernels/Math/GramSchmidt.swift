/// Orthonormal vectors in double precision, the same bits everywhere.
package enum GramSchmidt {
    /// Makes `count ≤ length` rows of `length` numbers orthonormal: each row loses its parts along the rows
    /// before it (modified Gram–Schmidt). The transposed rows are then the Q of a QR decomposition whose R
    /// has a positive diagonal. A row that loses more than half of its length is projected once more (Giraud
    /// et al. 2005: twice is enough), so that products of rows stay near 1e-15. A zero row stays zero.
    package static func orthonormalize(_ rows: UnsafeMutablePointer<Double>, count: Int, length: Int) {
        for i in 0..<count {
            let row = rows + i * length
            var before = ScalarMath.sqrt(product(row, row, length))
            for _ in 0..<2 {
                for j in 0..<i {
                    let other = rows + j * length
                    subtract(product(row, other, length), other, from: row, length)
                }
                let after = ScalarMath.sqrt(product(row, row, length))
                let isEnough = after > 0.5 * before
                before = after
                if isEnough { break }
            }
            let norm = ScalarMath.sqrt(product(row, row, length))
            if norm > 0 {
                for k in 0..<length { row[k] /= norm }
            }
        }
    }

    /// Sums in eight interleaved sums, which are added in a fixed order.
    private static func product(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int)
        -> Double
    {
        var sums = SIMD8<Double>.zero
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            let x = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Double>.self)
            let y = UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Double>.self)
            sums += x * y
        }
        var sum = 0.0
        for lane in 0..<8 { sum += sums[lane] }
        for i in whole..<count { sum += a[i] * b[i] }
        return sum
    }

    private static func subtract(
        _ factor: Double, _ a: UnsafePointer<Double>, from b: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        for i in 0..<count { b[i] -= factor * a[i] }
    }
}
