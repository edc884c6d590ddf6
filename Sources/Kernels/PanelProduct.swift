import CKernels

/// Matrix products in panels of 16 columns, by kernels of our own: what dense layers compute with.
///
/// Every element of a result is one chain of fused multiply-adds in the order of the depth. So a row has the same bits whichever rows it is computed along with, and
/// microbatches can share the packing of the weights; OpenBLAS's bits depend on the number of rows. The sizes of blocks change no bit.
package enum PanelProduct {
    /// Rows that one call takes at the most.
    package static let mostRows = 256
    private static let depthBlock = 256
    private static let panel = 16
    /// Columns that are packed at a time: a run of memory in each row of the right operand.
    private static let columnBlock = 64

    /// Floats of scratch, whatever the call.
    package static let scratchCount = mostRows * depthBlock + columnBlock * depthBlock

    /// A run of rows of the left operand and of the result.
    package struct Rows {
        let x: UnsafePointer<Float>
        let y: UnsafeMutablePointer<Float>
        let count: Int

        package init(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
            (self.x, self.y, self.count) = (x, y, count)
        }
    }

    /// `y[:, columns] = x · B[:, columns] + bias[columns]` for all the runs, which together have at most `mostRows` rows.
    ///
    /// - Parameters:
    ///   - depth, width: values in a row of x and of y.
    ///   - b: `[depth, width]`, or `[width, depth]` where it is transposed.
    package static func multiply(
        _ runs: UnsafeBufferPointer<Rows>, depth: Int, _ b: UnsafePointer<Float>, isTransposed: Bool, width: Int, columns: Range<Int>,
        bias: UnsafePointer<Float>? = nil, scratch: UnsafeMutablePointer<Float>
    ) {
        var total = 0
        for run in runs { total += run.count }
        let (left, right) = (scratch, scratch + mostRows * depthBlock)
        var first = 0
        while first < depth {
            let count = min(depthBlock, depth - first)
            packLeft(runs, total: total, depth: depth, first..<(first + count), into: left)
            var column = columns.lowerBound
            while column < columns.upperBound {
                let end = min(column + columnBlock, columns.upperBound)
                packRight(
                    b, isTransposed: isTransposed, ldb: isTransposed ? depth : width, first..<(first + count), column..<end, into: right)
                for start in stride(from: column, to: end, by: panel) {
                    var row = 0
                    for run in runs {
                        ckernels_multiply_panels(
                            left + panel * row, panel * total, run.count, right + (start - column) * count, count, first > 0, run.y + start,
                            width, min(panel, end - start))
                        row += run.count
                    }
                }
                if let bias, first + count == depth { add(bias, to: runs, width: width, column..<end) }
                column = end
            }
            first += count
        }
    }

    /// Copies some columns of x into panels of all rows.
    private static func packLeft(
        _ runs: UnsafeBufferPointer<Rows>, total: Int, depth: Int, _ columns: Range<Int>, into left: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: columns.lowerBound, to: columns.upperBound, by: panel) {
            var to = left + (start - columns.lowerBound) * total
            for run in runs {
                ckernels_pack(run.x + start, depth, run.count, min(panel, columns.upperBound - start), to)
                to += panel * run.count
            }
        }
    }

    private static func packRight(
        _ b: UnsafePointer<Float>, isTransposed: Bool, ldb: Int, _ rows: Range<Int>, _ columns: Range<Int>,
        into right: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: columns.lowerBound, to: columns.upperBound, by: panel) {
            let (to, count) = (right + (start - columns.lowerBound) * rows.count, min(panel, columns.upperBound - start))
            if isTransposed {
                ckernels_pack_transposed(b + start * ldb + rows.lowerBound, ldb, rows.count, count, to)
            } else {
                ckernels_pack(b + rows.lowerBound * ldb + start, ldb, rows.count, count, to)
            }
        }
    }

    private static func add(_ bias: UnsafePointer<Float>, to runs: UnsafeBufferPointer<Rows>, width: Int, _ columns: Range<Int>) {
        for run in runs {
            for r in 0..<run.count {
                let y = run.y + r * width
                for c in columns { y[c] += bias[c] }
            }
        }
    }

    /// `dw[rows, :] = xᵀ[rows, :] · dy`: at most `mostRows` of the weights' rows; x `[samples, depth]`, dy `[samples, width]`.
    ///
    /// - Parameter dw: the first of the rows.
    package static func multiplyTransposed(
        _ x: UnsafePointer<Float>, depth: Int, rows: Range<Int>, _ dy: UnsafePointer<Float>, width: Int, samples: Int,
        into dw: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        if samples == 0 { dw.update(repeating: 0, count: rows.count * width) }
        let (left, right) = (scratch, scratch + mostRows * depthBlock)
        var first = 0
        while first < samples {
            let count = min(depthBlock, samples - first)
            for start in stride(from: 0, to: rows.count, by: panel) {
                ckernels_pack(
                    x + first * depth + rows.lowerBound + start, depth, count, min(panel, rows.count - start), left + start * count)
            }
            for column in stride(from: 0, to: width, by: panel) {
                let columns = min(panel, width - column)
                ckernels_pack(dy + first * width + column, width, count, columns, right)
                for start in stride(from: 0, to: rows.count, by: panel) {
                    ckernels_multiply_transposed(
                        left + start * count, min(panel, rows.count - start), right, count, first > 0, dw + start * width + column, width,
                        columns)
                }
            }
            first += count
        }
    }
}
