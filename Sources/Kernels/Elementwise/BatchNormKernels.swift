import CSIMD

/// The loops of batch norm over matrices `[rows, channels]`, with a shortcut and a rectifier that may follow
/// it: `y = f((x − mean) · scale + shift + shortcut)`. A channel's sums run over blocks of 128 rows, in float
/// within a block and in double over blocks: their bits depend on the matrix alone. Scratch memory is
/// `scratchCount` floats.
package enum BatchNormKernels {
    private static let blockRows = 128
    /// Rows of a block from whose mean the block's deviations are measured.
    private static let pivotRows = 16

    package static func scratchCount(_ vectors: ChannelVectors) -> Int {
        3 * FlatVector.aligned(vectors.elements)
    }

    /// Rows of constants, one value for every element of a group (`ChannelVectors.spread`).
    package struct Constants {
        package let mean, invStd: UnsafeMutablePointer<Float>
        /// γ/√(σ² + ε)
        package let scale: UnsafeMutablePointer<Float>
        /// β
        package let shift: UnsafeMutablePointer<Float>
        /// Σdy/n and Σ(dy·x̂)/n
        package let meanDy, meanDyX: UnsafeMutablePointer<Float>

        package static let count = 6

        /// - Parameter start: of `count` rows of `stride` floats.
        package init(_ start: UnsafeMutablePointer<Float>, stride: Int) {
            mean = start
            invStd = start + stride
            scale = start + 2 * stride
            shift = start + 3 * stride
            meanDy = start + 4 * stride
            meanDyX = start + 5 * stride
        }
    }

    // MARK: Moments

    /// Measures the moments of each channel: `out = [rows, mean × channels, M2 × channels]` with M2 = Σ (x −
    /// mean)². A block's deviations are taken from a pivot, the mean of its first rows:
    /// `mean = pivot + Σd/n, M2 = Σd² − (Σd)²/n`. As the pivot is the mean of some of the values, Σd² is at
    /// most 8 times M2, for any values. Blocks are merged by the formula of Chan, Golub and LeVeque.
    package static func moments(
        _ x: UnsafePointer<Float>, rows: Int, _ vectors: ChannelVectors,
        into out: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let channels = vectors.channels
        let row = FlatVector.aligned(vectors.elements)
        let (pivot, sums, squares) = (scratch, scratch + row, scratch + 2 * row)
        let (mean, m2) = (out + 1, out + 1 + channels)
        for i in 0...(2 * channels) { out[i] = 0 }
        for start in stride(from: 0, to: rows, by: blockRows) {
            let (block, count) = (x + start * channels, min(blockRows, rows - start))
            measurePivot(block, rows: min(pivotRows, count), vectors, into: pivot, sums, squares)
            vectors.sums(rows: count, into: sums, squares, Deviations(x: block, pivot: pivot))
            let (n, before) = (Double(count), out[0])
            let total = before + n
            let (inverse, share, weight) = (1 / n, n / total, before * n / total)
            for c in 0..<channels {
                let d = vectors.sum(sums, of: c)
                let blockMean = Double(pivot[c]) + d * inverse
                let blockM2 = max(0, vectors.sum(squares, of: c) - d * d * inverse)
                let delta = blockMean - mean[c]
                mean[c] += delta * share
                m2[c] += blockM2 + delta * delta * weight
            }
            out[0] = total
        }
    }

    @inline(__always)
    private static func measurePivot(
        _ x: UnsafePointer<Float>, rows: Int, _ vectors: ChannelVectors,
        into pivot: UnsafeMutablePointer<Float>,
        _ sums: UnsafeMutablePointer<Float>, _ unused: UnsafeMutablePointer<Float>
    ) {
        clear(sums, unused, vectors, rows: rows)
        vectors.sums(rows: rows, into: sums, unused, Values(x: x))
        let inverse = 1 / Double(rows)
        for c in 0..<vectors.channels { pivot[c] = Float(vectors.sum(sums, of: c) * inverse) }
        for row in 1..<vectors.groupRows {
            (pivot + row * vectors.channels).update(from: pivot, count: vectors.channels)
        }
        clear(sums, unused, vectors, rows: rows)
    }

    /// Clears the elements that no row reaches where the rows make no whole group.
    @inline(__always)
    private static func clear(
        _ one: UnsafeMutablePointer<Float>, _ other: UnsafeMutablePointer<Float>, _ vectors: ChannelVectors,
        rows: Int
    ) {
        guard rows < vectors.groupRows else { return }
        one.update(repeating: 0, count: vectors.elements)
        other.update(repeating: 0, count: vectors.elements)
    }

    private struct Values: VectorTerms {
        let x: UnsafePointer<Float>

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> (Vector, Vector) {
            (Vector(at: x + at, count: n), Vector(repeating: 0))
        }
    }

    private struct Deviations: VectorTerms {
        let x, pivot: UnsafePointer<Float>

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> (Vector, Vector) {
            let d = Vector(at: x + at, count: n) - Vector(at: pivot + element, count: n)
            return (d, d * d)
        }
    }

    // MARK: The gradients' sums

    /// How dy is masked: it counts where the rectifier behind the batch norm let the value through.
    package enum Mask {
        /// No rectifier follows, or dy is masked already.
        case none
        /// The rectifier's input is computed again from x.
        case input(Rectifier)
        /// The rectifier's output has the sign.
        case output(UnsafePointer<Float>, Rectifier)
    }

    /// Sums `out = [Σ dy′ × channels, Σ dy′·x̂ × channels]` with x̂ = (x − mean) · invStd and dy′ the masked
    /// gradient.
    /// - Parameter masked: where dy′ is left too; it may be dy itself.
    package static func backwardSums(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, _ mask: Mask, masked: UnsafeMutablePointer<Float>?,
        rows: Int,
        _ vectors: ChannelVectors, _ constants: Constants, into out: UnsafeMutablePointer<Double>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<(2 * vectors.channels) { out[c] = 0 }
        for start in stride(from: 0, to: rows, by: blockRows) {
            let (first, count) = (start * vectors.channels, min(blockRows, rows - start))
            let (x, dy, masked) = (x + first, dy + first, masked.map { $0 + first })
            switch mask {
            case .none: blockSums(x, count, vectors, constants, into: out, scratch, Unmasked(dy: dy))
            case .input(let rectifier):
                blockSums(
                    x, count, vectors, constants, into: out, scratch,
                    MaskedByInput(x: x, dy: dy, constants, rectifier))
            case .output(let y, let rectifier):
                let gradient = MaskedByOutput(y: y + first, dy: dy, rectifier: rectifier)
                blockSums(x, count, vectors, constants, into: out, scratch, gradient)
                // While dy and y are hot. In a loop of its own, since wide rows' last vectors overlap.
                if let masked { vectors.forEach(rows: count, Copy(gradient: gradient, to: masked)) }
            }
        }
        for c in 0..<vectors.channels { out[vectors.channels + c] *= Double(constants.invStd[c]) }
    }

    @inline(__always)
    private static func blockSums(
        _ x: UnsafePointer<Float>, _ rows: Int, _ vectors: ChannelVectors, _ constants: Constants,
        into out: UnsafeMutablePointer<Double>,
        _ scratch: UnsafeMutablePointer<Float>, _ gradient: some MaskedGradient
    ) {
        let (beta, gamma) = (scratch, scratch + FlatVector.aligned(vectors.elements))
        clear(beta, gamma, vectors, rows: rows)
        vectors.sums(
            rows: rows, into: beta, gamma, GradientTerms(x: x, mean: constants.mean, gradient: gradient))
        for c in 0..<vectors.channels {
            out[c] += vectors.sum(beta, of: c)
            out[vectors.channels + c] += vectors.sum(gamma, of: c)
        }
    }

    private struct GradientTerms<Gradient: MaskedGradient>: VectorTerms {
        let x, mean: UnsafePointer<Float>
        let gradient: Gradient

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> (Vector, Vector) {
            let dy = gradient(at, element, n)
            return (dy, dy * (Vector(at: x + at, count: n) - Vector(at: mean + element, count: n)))
        }
    }

    private struct Copy<Gradient: MaskedGradient>: VectorStep {
        let gradient: Gradient
        let to: UnsafeMutablePointer<Float>

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) {
            gradient(at, element, n).store(at: to + at, count: n)
        }
    }
}

// MARK: - Masks

/// dy′ of a vector.
protocol MaskedGradient {
    func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> Vector
}

struct Unmasked: MaskedGradient {
    let dy: UnsafePointer<Float>

    @inline(__always)
    func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> Vector { Vector(at: dy + at, count: n) }
}

struct MaskedByInput: MaskedGradient {
    private let x, dy, mean, scale, shift: UnsafePointer<Float>
    private let rectifier: Rectifier

    init(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, _ constants: BatchNormKernels.Constants,
        _ rectifier: Rectifier
    ) {
        self.x = x
        self.dy = dy
        self.rectifier = rectifier
        mean = UnsafePointer(constants.mean)
        scale = UnsafePointer(constants.scale)
        shift = UnsafePointer(constants.shift)
    }

    @inline(__always)
    func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> Vector {
        let deviation = Vector(at: x + at, count: n) - Vector(at: mean + element, count: n)
        let y = deviation * Vector(at: scale + element, count: n) + Vector(at: shift + element, count: n)
        return rectifier.gradient(Vector(at: dy + at, count: n), y)
    }
}

struct MaskedByOutput: MaskedGradient {
    let y, dy: UnsafePointer<Float>
    let rectifier: Rectifier

    @inline(__always)
    func callAsFunction(_ at: Int, _ element: Int, _ n: Int) -> Vector {
        rectifier.gradient(Vector(at: dy + at, count: n), Vector(at: y + at, count: n))
    }
}

/// ReLU or leaky ReLU on vectors, the same arithmetic as in `Elementwise`.
package struct Rectifier: Equatable, Sendable {
    private let slope: Float
    /// Mask for negative inputs: all ones keep slope · x, zero gives +0.
    private let kept: Int32

    /// - Parameter slope: nil for ReLU.
    package init(slope: Float?) { (self.slope, kept) = (slope ?? 0, slope == nil ? 0 : -1) }

    @inline(__always)
    private func low(_ v: Vector) -> Vector {
        Vector(bits: (slope * v).bits & SIMD16<Int32>(repeating: kept))
    }

    @inline(__always)
    func value(_ v: Vector) -> Vector { csimd_select(csimd_less(v, .zero), low(v), v) }

    /// The rectifier's input gradient, from its output y or a value of y's sign.
    @inline(__always)
    func gradient(_ dy: Vector, _ y: Vector) -> Vector { csimd_select(csimd_less(.zero, y), dy, low(dy)) }
}
