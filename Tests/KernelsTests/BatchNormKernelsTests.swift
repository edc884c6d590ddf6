import Kernels
import Testing

/// Against sums in double precision, with the bounds of `ColumnsTests`; and what one pass does against
/// several.
@Suite struct BatchNormKernelsTests {
    private static let blockError = 127 * unitRoundoff

    private static func column(_ x: FloatBuffer, _ c: Int, _ shape: (rows: Int, columns: Int)) -> [Double] {
        (0..<shape.rows).map { Double(x.pointer[$0 * shape.columns + c]) }
    }

    /// The constants of all elements, from a value for each channel; 0 if absent.
    private struct Table {
        let vectors: ChannelVectors
        let constants: BatchNormKernels.Constants
        let scratch: FloatBuffer
        private let memory: FloatBuffer

        init(
            _ channels: Int, mean: FloatBuffer? = nil, invStd: FloatBuffer? = nil, scale: FloatBuffer? = nil,
            shift: FloatBuffer? = nil,
            meanDy: FloatBuffer? = nil, meanDyX: FloatBuffer? = nil
        ) {
            vectors = ChannelVectors(channels: channels)
            memory = FloatBuffer(
                count: BatchNormKernels.Constants.count * FlatVector.aligned(vectors.elements))
            constants = BatchNormKernels.Constants(
                memory.pointer, stride: FlatVector.aligned(vectors.elements))
            scratch = FloatBuffer(count: BatchNormKernels.scratchCount(vectors))
            scratch.elements.update(repeating: .nan)
            let rows = [
                constants.mean, constants.invStd, constants.scale, constants.shift, constants.meanDy,
                constants.meanDyX,
            ]
            for (row, values) in zip(rows, [mean, invStd, scale, shift, meanDy, meanDyX]) {
                if let values { vectors.spread(values.pointer, into: row) }
            }
        }
    }

    private static func moments(_ x: FloatBuffer, _ shape: (rows: Int, columns: Int), into out: DoubleBuffer)
    {
        let table = Table(shape.columns)
        BatchNormKernels.moments(
            x.pointer, rows: shape.rows, table.vectors, into: out.pointer, scratch: table.scratch.pointer)
    }

    /// A mean of 1,000 with deviations of 1: E[x²] − E[x]² in float would have no correct digit.
    @Test(arguments: awkwardShapes, [0.0, 1000]) func moments(
        shape: (rows: Int, columns: Int), center: Double
    ) {
        var misses = Misses()
        let x = randomValues(shape.rows * shape.columns, seed: 4, center: center)
        let out = DoubleBuffer(count: 1 + 2 * shape.columns)
        Self.moments(x, shape, into: out)
        #expect(out.pointer[0] == Double(shape.rows))
        for c in 0..<shape.columns {
            let values = Self.column(x, c, shape)
            let n = Double(shape.rows)
            let mean = values.reduce(0, +) / n
            let m2 = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let meanBound = Self.blockError * values.reduce(0) { $0 + abs($1) } / n
            misses.expect(abs(out.pointer[1 + c] - mean) <= meanBound, at: c)
            // Deviations d from the float nearest the computed mean: exact but for 1 rounding each, squared
            // 3, summed 127; and a mean that is δ off adds n δ².
            let deviations = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let m2Bound =
                (Self.blockError + 4 * unitRoundoff) * (deviations + n * meanBound * meanBound) + 2 * n
                * meanBound * meanBound
            misses.expect(
                abs(out.pointer[1 + shape.columns + c] - m2) <= m2Bound + 0x1p-40 * (1 + center * center) * n
                    * unitRoundoff, at: c)
        }
        #expect(misses == .none)
    }

    @Test func constantColumnsHaveNoVariance() {
        var misses = Misses()
        let x = FloatBuffer(count: 3 * 500)
        for i in 0..<1500 { x.pointer[i] = [0.1, -3e7, 0][i % 3] }
        let out = DoubleBuffer(count: 7)
        Self.moments(x, (500, 3), into: out)
        for c in 0..<3 {
            let value = Double(x.pointer[c])
            misses.expect(abs(out.pointer[1 + c] - value) <= Self.blockError * abs(value), at: c)
            // At most n times the squared error of the mean.
            let bound = 500 * (Self.blockError * value) * (Self.blockError * value)
            #expect(out.pointer[4 + c] >= 0 && out.pointer[4 + c] <= bound)
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes) func normalize(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let count = shape.rows * shape.columns
        let (x, y) = (randomValues(count, seed: 5, center: 3), FloatBuffer(count: count))
        let (mean, factor) = (
            randomValues(shape.columns, seed: 6, center: 3), randomValues(shape.columns, seed: 7, center: 2)
        )
        let shift = randomValues(shape.columns, seed: 8)
        let table = Table(shape.columns, mean: mean, scale: factor, shift: shift)
        BatchNormKernels.normalize(
            x.pointer, shortcut: nil, nil, into: y.pointer, rows: shape.rows, table.vectors, table.constants)
        for i in 0..<count {
            let c = i % shape.columns
            let product = (Double(x.pointer[i]) - Double(mean.pointer[c])) * Double(factor.pointer[c])
            let exact = product + Double(shift.pointer[c])
            // One rounding each of the difference, the product and the sum.
            misses.expect(
                abs(Double(y.pointer[i]) - exact) <= 1.01 * unitRoundoff * (2 * abs(product) + abs(exact)),
                at: i)
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes) func backwardSums(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let count = shape.rows * shape.columns
        let (x, dy) = (randomValues(count, seed: 9, center: 3), randomValues(count, seed: 10, center: 0.2))
        let (mean, invStd) = (
            randomValues(shape.columns, seed: 11, center: 3), randomValues(shape.columns, seed: 12, center: 2)
        )
        let (out, table) = (
            DoubleBuffer(count: 2 * shape.columns), Table(shape.columns, mean: mean, invStd: invStd)
        )
        BatchNormKernels.backwardSums(
            x: x.pointer, dy: dy.pointer, .none, masked: nil, rows: shape.rows, table.vectors,
            table.constants, into: out.pointer,
            scratch: table.scratch.pointer)
        for c in 0..<shape.columns {
            let gradients = Self.column(dy, c, shape)
            let terms = zip(Self.column(x, c, shape), gradients).map {
                ($0 - Double(mean.pointer[c])) * Double(invStd.pointer[c]) * $1
            }
            let dyBound = Self.blockError * gradients.reduce(0) { $0 + abs($1) }
            misses.expect(abs(out.pointer[c] - gradients.reduce(0, +)) <= dyBound, at: c)
            // Three roundings make each term.
            let termBound = (Self.blockError + 3.01 * unitRoundoff) * terms.reduce(0) { $0 + abs($1) }
            misses.expect(abs(out.pointer[shape.columns + c] - terms.reduce(0, +)) <= termBound, at: c)
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes) func backward(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let count = shape.rows * shape.columns
        let (x, dy, dx) = (
            randomValues(count, seed: 13, center: 3), randomValues(count, seed: 14), FloatBuffer(count: count)
        )
        let rows = (0..<5).map { randomValues(shape.columns, seed: 20 + $0, center: $0 == 0 ? 3 : 0.5) }
        let table = Table(
            shape.columns, mean: rows[0], invStd: rows[1], scale: rows[2], meanDy: rows[3], meanDyX: rows[4])
        BatchNormKernels.backward(
            x: x.pointer, dy: dy.pointer, .none, isFrozen: false, rows: shape.rows, table.vectors,
            table.constants, into: dx.pointer,
            shortcut: nil)
        for i in 0..<count {
            let (mean, invStd, scale, meanDy, meanDyX) = {
                (rows[0].d($0), rows[1].d($0), rows[2].d($0), rows[3].d($0), rows[4].d($0))
            }(i % shape.columns)
            let xHat = (x.d(i) - mean) * invStd
            let exact = scale * (dy.d(i) - meanDy - xHat * meanDyX)
            // Six roundings of values no larger than the sum of the terms' sizes.
            let size = abs(scale) * (abs(dy.d(i)) + abs(meanDy) + abs(xHat * meanDyX))
            misses.expect(abs(dx.d(i) - exact) <= 6 * unitRoundoff * size, at: i)
        }
        #expect(misses == .none)
    }

    /// Values far from the first rows of their block, which are all alike.
    @Test func momentsOfOutliers() {
        let (rows, columns) = (128, 16)
        let x = FloatBuffer(count: rows * columns)
        for r in 0..<rows {
            for c in 0..<columns { x.pointer[r * columns + c] = r < 127 ? 3 : 3e4 + Float(c) }
        }
        let out = DoubleBuffer(count: 1 + 2 * columns)
        Self.moments(x, (rows, columns), into: out)
        for c in 0..<columns {
            let values = Self.column(x, c, (rows, columns))
            let mean = values.reduce(0, +) / 128
            let m2 = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            #expect(abs(out.pointer[1 + c] - mean) <= 4 * unitRoundoff * mean)
            #expect(abs(out.pointer[1 + columns + c] - m2) <= 8 * unitRoundoff * m2)
        }
    }

    private static let shapes = awkwardShapes + [(40, 24), (57, 64), (300, 48), (9, 130)]
    private static let rectifiers: [(forward: Rectifier?, slope: Float?)] = [
        (nil, nil), (Rectifier(slope: nil), nil), (Rectifier(slope: 0.3), 0.3),
    ]

    private static func rectify(_ x: FloatBuffer, _ slope: Float?, into y: FloatBuffer) {
        if let slope {
            Elementwise.leakyReLU(x.pointer, slope: slope, into: y.pointer, count: x.count)
        } else {
            Elementwise.relu(x.pointer, into: y.pointer, count: x.count)
        }
    }

    private static func mask(_ dy: FloatBuffer, _ y: FloatBuffer, _ slope: Float?, into dx: FloatBuffer) {
        if let slope {
            Elementwise.leakyReLUBackward(
                y: y.pointer, dy: dy.pointer, slope: slope, into: dx.pointer, count: y.count)
        } else {
            Elementwise.reluBackward(y: y.pointer, dy: dy.pointer, into: dx.pointer, count: y.count)
        }
    }

    private static func bits(_ x: FloatBuffer) -> [UInt32] { x.elements.map(\.bitPattern) }

    /// One pass gives the bits of a pass for each step, in memory of its own or in place, and touches nothing
    /// beyond the matrix.
    @Test(arguments: shapes, 0..<3) func onePassIsSeveral(shape: (rows: Int, columns: Int), rectifier: Int) {
        let (count, (f, slope)) = (shape.rows * shape.columns, Self.rectifiers[rectifier])
        let values = (0..<5).map { randomValues(shape.columns, seed: 30 + UInt64($0), center: 0.4) }
        let table = Table(
            shape.columns, mean: values[0], invStd: values[1], scale: values[2], shift: values[3],
            meanDy: values[4], meanDyX: values[1])
        let (x, dy, side) = (
            randomValues(count, seed: 40), randomValues(count, seed: 41), randomValues(count, seed: 42)
        )
        for hasShortcut in [false, true] {
            // Step by step.
            let plain = FloatBuffer(count: count)
            BatchNormKernels.normalize(
                x.pointer, shortcut: nil, nil, into: plain.pointer, rows: shape.rows, table.vectors,
                table.constants)
            if hasShortcut { Elementwise.add(side.pointer, to: plain.pointer, count: count) }
            let y = FloatBuffer(count: count)
            if f == nil {
                _ = y.elements.update(from: plain.elements)
            } else {
                Self.rectify(plain, slope, into: y)
            }
            let masked = FloatBuffer(count: count)
            if f == nil {
                _ = masked.elements.update(from: dy.elements)
            } else {
                Self.mask(dy, y, slope, into: masked)
            }
            let (sums, dx) = (DoubleBuffer(count: 2 * shape.columns), FloatBuffer(count: count))
            BatchNormKernels.backwardSums(
                x: x.pointer, dy: masked.pointer, .none, masked: nil, rows: shape.rows, table.vectors,
                table.constants,
                into: sums.pointer, scratch: table.scratch.pointer)
            BatchNormKernels.backward(
                x: x.pointer, dy: masked.pointer, .none, isFrozen: false, rows: shape.rows, table.vectors,
                table.constants,
                into: dx.pointer, shortcut: nil)
            // At once, over the shortcut's memory; with a guard of one vector behind.
            let inPlace = FloatBuffer(count: count + 16)
            for i in 0..<count { inPlace.pointer[i] = hasShortcut ? side.pointer[i] : x.pointer[i] }
            for i in count..<(count + 16) { inPlace.pointer[i] = 7 }
            BatchNormKernels.normalize(
                hasShortcut ? x.pointer : inPlace.pointer,
                shortcut: hasShortcut ? UnsafePointer(inPlace.pointer) : nil, f,
                into: inPlace.pointer, rows: shape.rows, table.vectors, table.constants)
            #expect(Self.bits(inPlace).prefix(count) == Self.bits(y)[...])
            #expect((count..<(count + 16)).allSatisfy { inPlace.pointer[$0] == 7 })
            let mask: BatchNormKernels.Mask =
                f.map { hasShortcut ? .output(y.pointer, $0) : .input($0) } ?? .none
            let ownSums = DoubleBuffer(count: 2 * shape.columns)
            let gradient = FloatBuffer(count: count + 16)
            for i in 0..<count { gradient.pointer[i] = dy.pointer[i] }
            for i in count..<(count + 16) { gradient.pointer[i] = 7 }
            BatchNormKernels.backwardSums(
                x: x.pointer, dy: gradient.pointer, mask, masked: hasShortcut ? gradient.pointer : nil,
                rows: shape.rows, table.vectors,
                table.constants, into: ownSums.pointer, scratch: table.scratch.pointer)
            #expect(ownSums.elements.map(\.bitPattern) == sums.elements.map(\.bitPattern))
            if hasShortcut { #expect(Self.bits(gradient).prefix(count) == Self.bits(masked)[...]) }
            #expect((count..<(count + 16)).allSatisfy { gradient.pointer[$0] == 7 })
            let (added, written) = (randomValues(count, seed: 43), FloatBuffer(count: count))
            let expected = (0..<count).map { (added.pointer[$0] + masked.pointer[$0]).bitPattern }
            for (target, accumulates) in [(added, true), (written, false)] {
                let own = FloatBuffer(count: count)
                _ = own.elements.update(from: dy.elements)
                BatchNormKernels.backward(
                    x: x.pointer, dy: own.pointer, mask, isFrozen: false, rows: shape.rows, table.vectors,
                    table.constants,
                    into: own.pointer, shortcut: .init(target.pointer, accumulates: accumulates))
                #expect(Self.bits(own) == Self.bits(dx))
                #expect(Self.bits(target) == (accumulates ? expected : Self.bits(masked)))
            }
        }
    }
}
