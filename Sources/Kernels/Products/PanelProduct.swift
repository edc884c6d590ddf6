import CKernels

/// Matrix products in panels of 16 columns, by kernels of our own, for dense layers. Every element of a
/// result is one chain of fused multiply-adds in the order of the depth. So a row has the same bits whichever
/// rows it is computed along with, and microbatches can share packed operands; OpenBLAS's bits depend on the
/// number of rows. The sizes of blocks change no bit.
package enum PanelProduct {
    /// The most rows that are packed together.
    package static let mostRows = 256
    private static let depthBlock = 256
    private static let panel = 16
    /// Columns of a right operand that are packed at a time: a run of memory in each of its rows.
    private static let columnBlock = 64
    /// The most rows for which a packed right operand is read as it lies in memory, over the whole depth: it
    /// is read once, and that takes longer than the products.
    private static let fewRows = 8

    /// Floats of scratch memory for every call.
    package static let scratchCount = mostRows * depthBlock

    /// A run of rows of the left operand and of the result.
    package struct Rows {
        let x: UnsafePointer<Float>
        let y: UnsafeMutablePointer<Float>
        package let count: Int

        package init(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
            self.x = x
            self.y = y
            self.count = count
        }
    }

    /// Rows, at most `mostRows`, packed once for all the products that they take part in: run by run, each in
    /// panels of 16 columns.
    package struct Packed {
        private let values: UnsafePointer<Float>
        private let width: Int

        package init(_ values: UnsafePointer<Float>, width: Int) {
            (self.values, self.width) = (values, PanelProduct.panel * PanelProduct.panels(width: width))
        }

        /// The panel that begins with a column, for a run of `rows` rows behind `first` others. The next
        /// panel follows it.
        fileprivate func panel(_ column: Int, first: Int, rows: Int) -> UnsafePointer<Float> {
            values + first * width + column * rows
        }
    }

    /// Floats of `mostRows` packed rows.
    package static func packedCount(width: Int) -> Int { mostRows * panel * panels(width: width) }

    /// The right operand of a product, with `depth` rows and `width` columns.
    package enum Right {
        case rows(UnsafePointer<Float>)
        /// `[width, depth]` in memory.
        case transposedRows(UnsafePointer<Float>)
        /// The panels that `packWhole` has written.
        case packed(UnsafePointer<Float>)
    }

    /// Floats of a right operand that is packed as a whole.
    package static func packedCount(depth: Int, width: Int) -> Int { depth * panel * panels(width: width) }

    /// Packs some panels of a right operand `[depth, width]`, once for many products.
    package static func packWhole(
        _ b: UnsafePointer<Float>, depth: Int, width: Int, panels: Range<Int>,
        into packed: UnsafeMutablePointer<Float>
    ) {
        let (start, end) = (panels.lowerBound * panel, min(width, panels.upperBound * panel))
        if start < end { ckernels_pack(b + start, width, depth, end - start, packed + start * depth) }
    }

    /// Packs some panels of a right operand that lies transposed in memory, `[width, depth]`.
    package static func packWhole(
        transposed b: UnsafePointer<Float>, depth: Int, width: Int, panels: Range<Int>,
        into packed: UnsafeMutablePointer<Float>
    ) {
        for start in stride(
            from: panels.lowerBound * panel, to: min(width, panels.upperBound * panel), by: panel)
        {
            ckernels_pack_transposed(
                b + start * depth, depth, depth, min(panel, width - start), packed + start * depth)
        }
    }

    /// The number of panels of a matrix with `width` columns.
    package static func panels(width: Int) -> Int { (width + panel - 1) / panel }

    /// Packs some panels of all the runs' x, which are `width` floats wide.
    package static func pack(
        _ runs: UnsafeBufferPointer<Rows>, width: Int, panels: Range<Int>,
        into packed: UnsafeMutablePointer<Float>
    ) {
        pack(runs, width: width, columns: 0..<width, panels: panels, into: packed)
    }

    /// Packs some panels of certain columns of all the runs' x, which are `width` floats wide. The first
    /// panel begins with the first of these columns.
    package static func pack(
        _ runs: UnsafeBufferPointer<Rows>, width: Int, columns: Range<Int>, panels: Range<Int>,
        into packed: UnsafeMutablePointer<Float>
    ) {
        let (start, end) = (panels.lowerBound * panel, min(columns.count, panels.upperBound * panel))
        guard start < end else { return }
        var first = packed
        for run in runs {
            ckernels_pack(
                run.x + columns.lowerBound + start, width, run.count, end - start,
                first + start * run.count)
            first += run.count * panel * Self.panels(width: columns.count)
        }
    }

    /// Writes `y[:, columns] = x · B[:, columns] + bias[columns]` for runs of packed rows.
    /// - Parameters:
    ///   - x: holds the runs, behind `first` other rows.
    ///   - depth, width: values in a row of x and of y.
    ///   - part: the columns of x that are packed, nil for all of them. Parts come in order; each but the
    ///     first adds to y, and the last adds the bias.
    package static func multiply(
        _ x: Packed, first: Int, _ runs: UnsafeBufferPointer<Rows>, depth: Int, part: Range<Int>? = nil,
        _ b: Right, width: Int, columns: Range<Int>, bias: UnsafePointer<Float>? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var depthBlock = depthBlock
        let part = part ?? 0..<depth
        if case .packed(let panels) = b, depth > 0, part.count == depth {
            if runs.count == 1, runs[0].count == 1 {
                ckernels_multiply_row(
                    x.panel(0, first: first, rows: 1), panels + columns.lowerBound * depth, panel * depth,
                    depth, runs[0].y + columns.lowerBound, columns.count)
                if let bias { add(bias, to: runs, width: width, columns) }
                return
            }
            if runs.reduce(0, { $0 + $1.count }) <= fewRows { depthBlock = depth }
        }
        for lower in stride(from: part.lowerBound, to: part.upperBound, by: depthBlock) {
            let block = lower..<min(part.upperBound, lower + depthBlock)
            for column in stride(from: columns.lowerBound, to: columns.upperBound, by: columnBlock) {
                let end = min(column + columnBlock, columns.upperBound)
                let (right, distance) = panels(
                    of: b, depth: depth, width: width, block, column..<end, scratch: scratch)
                for start in stride(from: column, to: end, by: panel) {
                    var row = first
                    for run in runs {
                        ckernels_multiply_panels(
                            x.panel(lower - part.lowerBound, first: row, rows: run.count), panel * run.count,
                            run.count,
                            right + (start - column) * distance, block.count,
                            lower > 0, run.y + start, width, min(panel, end - start))
                        row += run.count
                    }
                }
                if let bias, block.upperBound == depth { add(bias, to: runs, width: width, column..<end) }
            }
        }
    }

    /// Some rows and columns of a right operand in panels: the first, and the floats for each column to the
    /// next.
    private static func panels(
        of b: Right, depth: Int, width: Int, _ rows: Range<Int>, _ columns: Range<Int>,
        scratch: UnsafeMutablePointer<Float>
    ) -> (UnsafePointer<Float>, distance: Int) {
        switch b {
        case .packed(let panels):
            return (panels + columns.lowerBound * depth + panel * rows.lowerBound, depth)
        case .rows(let b): packRight(b, isTransposed: false, ldb: width, rows, columns, into: scratch)
        case .transposedRows(let b):
            packRight(b, isTransposed: true, ldb: depth, rows, columns, into: scratch)
        }
        return (UnsafePointer(scratch), rows.count)
    }

    private static func packRight(
        _ b: UnsafePointer<Float>, isTransposed: Bool, ldb: Int, _ rows: Range<Int>, _ columns: Range<Int>,
        into right: UnsafeMutablePointer<Float>
    ) {
        guard isTransposed else {
            ckernels_pack(
                b + rows.lowerBound * ldb + columns.lowerBound, ldb, rows.count, columns.count, right)
            return
        }
        for start in stride(from: columns.lowerBound, to: columns.upperBound, by: panel) {
            ckernels_pack_transposed(
                b + start * ldb + rows.lowerBound, ldb, rows.count, min(panel, columns.upperBound - start),
                right + (start - columns.lowerBound) * rows.count)
        }
    }

    private static func add(
        _ bias: UnsafePointer<Float>, to runs: UnsafeBufferPointer<Rows>, width: Int, _ columns: Range<Int>
    ) {
        for run in runs {
            for r in 0..<run.count {
                let y = run.y + r * width
                for c in columns { y[c] += bias[c] }
            }
        }
    }

    /// Writes `dw[rows, :] = xᵀ[rows, :] · dy`, or adds it to `dw`, for at most `mostRows` of the weights'
    /// rows; x `[samples, depth]`, dy `[samples, width]`.
    /// - Parameters:
    ///   - dy: holds the samples as a run, behind `first` other rows.
    ///   - dw: the first of the rows.
    package static func multiplyTransposed(
        _ x: UnsafePointer<Float>, depth: Int, rows: Range<Int>, _ dy: Packed, first: Int, width: Int,
        samples: Int, accumulates: Bool,
        into dw: UnsafeMutablePointer<Float>, scratch left: UnsafeMutablePointer<Float>
    ) {
        ckernels_pack(x + rows.lowerBound, depth, samples, rows.count, left)
        for column in stride(from: 0, to: width, by: panel) {
            for start in stride(from: 0, to: rows.count, by: panel) {
                ckernels_multiply_transposed(
                    left + start * samples, min(panel, rows.count - start),
                    dy.panel(column, first: first, rows: samples), samples,
                    accumulates,
                    dw + start * width + column, width, min(panel, width - column))
            }
        }
    }
}
