/// Loops over vectors of doubles. Sums run over eight partial sums, which are added pairwise at the end, then
/// over the rest in order: the order depends on the count alone.
enum DoubleVectors {
    private typealias Lanes = SIMD8<Double>

    @inline(__always)
    private static func lanes(_ p: UnsafePointer<Double>, _ i: Int) -> Lanes {
        UnsafeRawPointer(p + i).loadUnaligned(as: Lanes.self)
    }

    @inline(__always)
    private static func store(_ v: Lanes, _ p: UnsafeMutablePointer<Double>, _ i: Int) {
        UnsafeMutableRawPointer(p + i).storeBytes(of: v, as: Lanes.self)
    }

    @inline(__always)
    private static func total(_ v: Lanes) -> Double {
        let four = v.lowHalf + v.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }

    /// Returns Σ a·b.
    static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
        var sum = Lanes.zero
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) { sum += lanes(a, i) * lanes(b, i) }
        var result = total(sum)
        for i in whole..<count { result += a[i] * b[i] }
        return result
    }

    /// `y += factor · x`.
    static func addMultiple(
        _ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) { store(lanes(y, i) + lanes(x, i) * factor, y, i) }
        for i in whole..<count { y[i] += factor * x[i] }
    }

    /// `y += f·a + g·b`.
    static func addMultiples(
        _ f: Double, _ a: UnsafePointer<Double>, _ g: Double, _ b: UnsafePointer<Double>,
        to y: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            store(lanes(y, i) + (lanes(a, i) * f + lanes(b, i) * g), y, i)
        }
        for i in whole..<count { y[i] += f * a[i] + g * b[i] }
    }

    /// Returns Σ row·x, and adds `factor · row` to y in the same pass.
    static func dotAndAdd(
        _ row: UnsafePointer<Double>, _ x: UnsafePointer<Double>, _ factor: Double,
        to y: UnsafeMutablePointer<Double>, _ count: Int
    ) -> Double {
        var sum = Lanes.zero
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            let v = lanes(row, i)
            sum += v * lanes(x, i)
            store(lanes(y, i) + v * factor, y, i)
        }
        var result = total(sum)
        for i in whole..<count {
            result += row[i] * x[i]
            y[i] += factor * row[i]
        }
        return result
    }

    /// `(a, b) = (c·a − s·b, s·a + c·b)`.
    static func rotate(
        _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>, _ c: Double, _ s: Double,
        _ count: Int
    ) {
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            let (x, y) = (lanes(a, i), lanes(b, i))
            store(x * c - y * s, a, i)
            store(x * s + y * c, b, i)
        }
        for i in whole..<count { (a[i], b[i]) = (c * a[i] - s * b[i], s * a[i] + c * b[i]) }
    }

    /// `sums += x`, from floats.
    static func add(_ x: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Double>, _ count: Int) {
        for i in 0..<count { sums[i] += Double(x[i]) }
    }
}
