import Kernels
import Platform
import TestSupport
import Testing

/// GELU and its derivative against their formulas in double precision, over the whole range of floats.
@Suite struct GELUTests {
    private static let unit = 0x1p-24
    /// Exponentials in smaller results may be subnormal, and so zero on a lane.
    private static let tiny = 0x1p-110

    /// Every 1,009th bit pattern (a prime) without subnormal numbers, and many numbers where the functions
    /// bend.
    private static let arguments: [Float] = {
        let patterns = stride(from: UInt64(0), to: 1 << 32, by: 1009).map { Float(bitPattern: UInt32($0)) }
        var stream = RandomStream(seed: 4, purpose: .test)
        let usual = (0..<400_000).map { _ in Float(stream.uniform(in: -16..<16)) }
        return (patterns + usual).filter { $0.isFinite && !$0.isSubnormal }
    }()

    private typealias Map = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void

    /// The values of a map in the floating-point mode of a lane.
    private static func values(_ map: @escaping Map) -> [Float] {
        let (x, y) = (FloatBuffer(count: arguments.count), FloatBuffer(count: arguments.count))
        for (i, value) in arguments.enumerated() { x.pointer[i] = value }
        onThread(in: .computing) { map(x.pointer, y.pointer, arguments.count) }
        return (0..<arguments.count).map { y.pointer[$0] }
    }

    /// The largest error in units of `scale(x) · 2⁻²⁴`, where the scale is not tiny.
    private static func worst(
        _ map: @escaping Map, _ exact: (Double) -> Double, scale: (Double) -> Double
    ) -> (error: Double, at: Float) {
        var worst = (error: 0.0, at: Float(0))
        for (x, y) in zip(arguments, values(map)) {
            let scale = scale(Double(x))
            if scale < tiny {
                #expect(abs(Double(y) - exact(Double(x))) <= tiny, "\(x)")
                continue
            }
            let error = abs(Double(y) - exact(Double(x))) / (scale * unit)
            if !(error <= worst.error) { worst = (error, x) }
        }
        return worst
    }

    private static func distribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    private static func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

    /// The memory of values that are computed beside slopes.
    private static let unused = FloatBuffer(count: arguments.count)

    @Test func exactForm() {
        // An ulp is at most 2 · 2⁻²⁴ of a value.
        let value = Self.worst(
            { VectorMath.gelu($0, into: $1, count: $2) }, { $0 * Self.distribution($0) },
            scale: { abs($0 * Self.distribution($0)) })
        #expect(value.error <= 2 * 5, "at \(value.at)")
        let slope = Self.worst(
            { VectorMath.gelu($0, into: Self.unused.pointer, slopes: $1, count: $2) },
            { Self.distribution($0) + ($0.magnitude < 100 ? $0 * Self.density($0) : 0) },
            scale: { Self.distribution($0) + ($0.magnitude < 100 ? abs($0) * Self.density($0) : 0) })
        #expect(slope.error <= 5, "at \(slope.at)")
    }

    /// v, σ(v) and the two terms of the derivative.
    private static func parts(_ x: Double) -> (v: Double, sigmoid: Double, slope: Double) {
        let c = 2 * (2 / Double.pi).squareRoot()
        let x = max(-100, min(100, x))
        let v = c * (x + 0.044715 * x * x * x)
        let e = exp(-abs(v))
        let (sigmoid, complement) = v < 0 ? (e / (1 + e), 1 / (1 + e)) : (1 / (1 + e), e / (1 + e))
        return (v, sigmoid, x * sigmoid * complement * c * (1 + 3 * 0.044715 * x * x))
    }

    @Test func approximateForm() {
        let value = Self.worst(
            { VectorMath.geluTanh($0, into: $1, count: $2) }, { $0 * Self.parts($0).sigmoid },
            scale: {
                let (v, sigmoid, _) = Self.parts($0)
                return abs($0) * sigmoid * (5 + 3 * min(abs(v), 90))
            })
        #expect(value.error <= 1, "at \(value.at)")
        let slope = Self.worst(
            { VectorMath.geluTanh($0, into: Self.unused.pointer, slopes: $1, count: $2) },
            { Self.parts($0).sigmoid + Self.parts($0).slope },
            scale: {
                let (v, sigmoid, slope) = Self.parts($0)
                return (sigmoid + abs(slope)) * (6 + 3 * min(abs(v), 90))
            })
        #expect(slope.error <= 1, "at \(slope.at)")
    }

    /// The two forms are nowhere far apart, so that neither is a formula of something else.
    @Test func formsAgree() {
        let exact = Self.values { VectorMath.gelu($0, into: $1, count: $2) }
        let other = Self.values { VectorMath.geluTanh($0, into: $1, count: $2) }
        let distance = zip(exact, other).map { abs($0 - $1) }.max() ?? .infinity
        #expect(distance < 5e-4)
        #expect(distance > 4e-4)
    }

    @Test func specialValues() {
        let cases: [(x: Float, y: Float, slope: Float)] = [
            (.infinity, .infinity, 1), (-.infinity, 0, 0), (0, 0, 0.5), (3e38, 3e38, 1), (-3e38, 0, 0),
        ]
        for isExact in [true, false] {
            func at(_ argument: Float) -> (y: Float, slope: Float) {
                let (x, y, both) = (FloatBuffer(count: 16), FloatBuffer(count: 16), FloatBuffer(count: 16))
                let slopes = FloatBuffer(count: 16)
                x.pointer[3] = argument
                if isExact {
                    VectorMath.gelu(x.pointer, into: y.pointer, count: 16)
                    VectorMath.gelu(x.pointer, into: both.pointer, slopes: slopes.pointer, count: 16)
                } else {
                    VectorMath.geluTanh(x.pointer, into: y.pointer, count: 16)
                    VectorMath.geluTanh(x.pointer, into: both.pointer, slopes: slopes.pointer, count: 16)
                }
                #expect(y.pointer[3].bitPattern == both.pointer[3].bitPattern)
                return (y.pointer[3], slopes.pointer[3])
            }
            for (x, y, slope) in cases { #expect(at(x) == (y, slope), "\(x)") }
            #expect(at(.nan).y.isNaN && at(.nan).slope.isNaN)
        }
    }
}
