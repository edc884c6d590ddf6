/// The scatter matrix Σ (x − c)(x − c)ᵀ of samples, in blocks of rows of its upper triangle.
///
/// Block b holds rows 128b … (128 of them, or what is left) and columns from 128b to the end. Products run
/// over chunks of 128 samples, the last one padded with zeros, in float; chunks are added in double, in
/// order. So the shapes of the products follow from the number of features alone.
package struct Scatter: Sendable {
    package static let blockRows = 128
    package static let chunkRows = 128

    package let columns: Int

    package init(columns: Int) { self.columns = columns }

    package var blocks: Int { (columns + Self.blockRows - 1) / Self.blockRows }
    package func firstRow(_ block: Int) -> Int { block * Self.blockRows }
    package func rows(_ block: Int) -> Int { min(Self.blockRows, columns - firstRow(block)) }
    package func width(_ block: Int) -> Int { columns - firstRow(block) }
    package func count(_ block: Int) -> Int { rows(block) * width(block) }

    /// The exchanges by which the matrix is measured: the features' sums first, for the mean, then the
    /// blocks.
    package var exchanges: [StatisticsOperation] {
        [.sum(width: columns)] + (0..<blocks).map { .sum(width: count($0)) }
    }

    /// Adds one chunk's products to a block: `x` is `[128, columns]`, centred. `scratch` holds `count(block)`
    /// floats.
    package func add(
        _ x: UnsafePointer<Float>, block: Int, to sums: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (first, rows, width) = (firstRow(block), rows(block), width(block))
        BLAS.multiply(
            transposeA: true, m: rows, n: width, k: Self.chunkRows, a: x + first, lda: columns, b: x + first,
            ldb: columns, c: scratch,
            ldc: width)
        DoubleVectors.add(scratch, to: sums, rows * width)
    }

    /// Writes a block, times `factor`, into the whole symmetric matrix `[columns, columns]`. `offset` is the
    /// error of the mean: `samples · offset · offsetᵀ` is subtracted.
    package func expand(
        _ sums: UnsafePointer<Double>, block: Int, factor: Double, samples: Double,
        offset: UnsafePointer<Double>,
        into matrix: UnsafeMutablePointer<Double>
    ) {
        let (first, width) = (firstRow(block), width(block))
        for r in 0..<rows(block) {
            for c in r..<width {
                let value = (sums[r * width + c] - samples * (offset[first + r] * offset[first + c])) * factor
                matrix[(first + r) * columns + first + c] = value
                matrix[(first + c) * columns + first + r] = value
            }
        }
    }

    /// Computes `x[r, c] −= centre[c]` for the first `rows` of 128 rows, and sets the others to zero.
    package func centre(_ x: UnsafeMutablePointer<Float>, rows: Int, by centre: UnsafePointer<Float>) {
        for r in 0..<rows {
            let row = x + r * columns
            for c in 0..<columns { row[c] -= centre[c] }
        }
        for i in (rows * columns)..<(Self.chunkRows * columns) { x[i] = 0 }
    }
}
