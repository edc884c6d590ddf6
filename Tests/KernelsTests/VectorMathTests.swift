import Kernels
import Platform
import TestSupport
import Testing

/// Against the C library in double precision, over the whole range of floats.
@Suite struct VectorMathTests {
    typealias Map = @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    struct Function: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let map: Map
        let exact: @Sendable (Double) -> Double
        let bound: Double  // units in the last place
    }

    static let functions = [
        Function(
            testDescription: "exp", map: { VectorMath.exp($0, into: $1, count: $2) }, exact: { exp($0) },
            bound: 0.9),
        Function(
            testDescription: "log", map: { VectorMath.log($0, into: $1, count: $2) }, exact: { log($0) },
            bound: 0.8),
        Function(
            testDescription: "tanh", map: { VectorMath.tanh($0, into: $1, count: $2) }, exact: { tanh($0) },
            bound: 1.5),
        Function(
            testDescription: "sigmoid", map: { VectorMath.sigmoid($0, into: $1, count: $2) },
            exact: { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }, bound: 2.5),
        Function(
            testDescription: "softplus", map: { VectorMath.softplus($0, into: $1, count: $2) },
            exact: { max($0, 0) + log1p(exp(-abs($0))) }, bound: 2),
        Function(
            testDescription: "normalDistribution",
            map: { VectorMath.normalDistribution($0, into: $1, count: $2) },
            exact: { 0.5 * erfc(-$0 / 2.0.squareRoot()) }, bound: 4.5),
    ]

    /// Every 257th bit pattern (a prime: all low bits occur) and all those near where something changes.
    @Test(arguments: functions, FloatingPointMode.allCases)
    func accurateOverTheWholeRange(function: Function, mode: FloatingPointMode) {
        onThread(in: .standard) { checkTheWholeRange(function, mode) }
    }

    private func checkTheWholeRange(_ function: Function, _ mode: FloatingPointMode) {
        let chunk = 1 << 20
        let x = FloatBuffer(count: chunk)
        let y = FloatBuffer(count: chunk)
        var worst = (ulps: 0.0, at: Float(0))
        var pattern: UInt64 = 0
        while pattern < 1 << 32 {
            for i in 0..<chunk {
                x.pointer[i] = Float(bitPattern: UInt32(truncatingIfNeeded: min(pattern, 0xFFFF_FFFF)))
                pattern += 257
            }
            onThread(in: mode) { function.map(x.pointer, y.pointer, chunk) }
            for i in 0..<chunk {
                let ulps = Self.error(y.pointer[i], of: x.pointer[i], function.exact)
                if !(ulps <= worst.ulps) { worst = (ulps, x.pointer[i]) }
            }
        }
        #expect(worst.ulps <= function.bound, "at \(worst.at)")
    }

    /// The distance in units in the last place of the exact result; subnormal arguments count as zeros, and
    /// so may subnormal results.
    private static func error(_ y: Float, of x: Float, _ function: (Double) -> Double) -> Double {
        let exact = function(Double(x.isSubnormal ? 0 : x))
        if x.isSubnormal && y == x { return 0 }
        if exact.isNaN { return y.isNaN ? 0 : .infinity }
        if Float(exact).isInfinite || exact == 0 { return Double(y) == Double(Float(exact)) ? 0 : .infinity }
        let smallest = Double(Float.leastNormalMagnitude)
        if abs(exact) < smallest && (y == 0 || y.isSubnormal) { return 0 }
        return abs(Double(y) - exact) / max(Double(Float(exact).ulp), 0x1p-149)
    }

    @Test(arguments: FloatingPointMode.allCases)
    func specialValues(mode: FloatingPointMode) {
        onThread(in: mode) { Self.checkSpecialValues() }
    }

    private static func checkSpecialValues() {
        let inf = Float.infinity
        let cases: [(String, Float, Float)] = [
            ("exp", 0, 1), ("exp", -0.0, 1), ("exp", inf, inf), ("exp", -inf, 0), ("exp", 88.7229, inf),
            ("exp", -87.3366, 0),
            ("exp", 0x1p-130, 1), ("exp", 3e38, inf), ("exp", -3e38, 0),
            ("log", 1, 0), ("log", 0, -inf), ("log", -0.0, -inf), ("log", inf, inf), ("log", 0x1p-130, -inf),
            ("log", -0x1p-130, -inf),
            ("tanh", inf, 1), ("tanh", -inf, -1), ("tanh", 20, 1), ("tanh", -3e38, -1),
            ("tanh", 1e-30, 1e-30),
            ("sigmoid", 0, 0.5), ("sigmoid", inf, 1), ("sigmoid", -inf, 0), ("sigmoid", 100, 1),
            ("sigmoid", -100, 0),
            ("normalDistribution", 0, 0.5), ("normalDistribution", inf, 1), ("normalDistribution", -inf, 0),
            ("softplus", inf, inf), ("softplus", -inf, 0), ("softplus", 100, 100), ("softplus", -100, 0),
        ]
        for (name, argument, value) in cases {
            #expect(Self.value(name, argument) == value, "\(name)(\(argument))")
        }
        for name in Self.functions.map(\.testDescription) {
            #expect(Self.value(name, .nan).isNaN, "\(name)(NaN)")
            #expect(Self.value(name, -.nan).isNaN, "\(name)(-NaN)")
        }
        for argument: Float in [-1, -inf, -.leastNormalMagnitude] {
            #expect(Self.value("log", argument).isNaN)
        }
        #expect(Self.value("tanh", -0.0).sign == .minus)
        #expect(Self.value("tanh", 0).sign == .plus)
    }

    private static func value(_ name: String, _ argument: Float) -> Float {
        let x = FloatBuffer(count: 16)
        x.pointer[11] = argument
        functions.first { $0.testDescription == name }!.map(x.pointer, x.pointer, 16)
        return x.pointer[11]
    }

    @Test(arguments: functions)
    func placeAndCountDoNotMatter(function: Function) {
        var stream = RandomStream(seed: 3, purpose: .test)
        let x = FloatBuffer(count: 640)
        for i in 0..<640 { x.pointer[i] = Float(stream.uniform(in: -20..<20)) }
        let y = FloatBuffer(count: 640)
        function.map(x.pointer, y.pointer, 640)
        let (place, result) = (FloatBuffer(count: 64), FloatBuffer(count: 64))
        for i in 0..<640 {
            let at = stream.below(33)
            place.pointer[at] = x.pointer[i]
            function.map(place.pointer, result.pointer, at + 1)
            let (a, b) = (result.pointer[at].bitPattern, y.pointer[i].bitPattern)
            #expect(a == b || y.pointer[i].isNaN)
        }
    }
}
