/// Quantiles by linear interpolation between order statistics, as NumPy's `quantile` by default: that of q is
/// at the place q · (n − 1), counted from 0.
package enum Quantile {
    /// - Parameters:
    ///   - sorted: values in ascending order, at least one.
    ///   - q: 0 … 1.
    package static func linear(_ sorted: [Double], _ q: Double) -> Double {
        let place = q * Double(sorted.count - 1)
        let low = Int(place)
        return between(sorted[low], sorted[min(low + 1, sorted.count - 1)], place - Double(low))
    }

    /// The median when the values count several times.
    /// - Parameter weights: how often each value of `sorted` counts: whole numbers.
    static func median(_ sorted: [Double], weights: [Double]) -> Double {
        let count = weights.reduce(0, +)
        let lower = ((count - 1) / 2).rounded(.down)
        let upper = (count / 2).rounded(.down)
        return (element(lower, sorted, weights) + element(upper, sorted, weights)) / 2
    }

    /// The value at a place, counted from 0, of the sequence in which each value stands as often as it
    /// counts.
    private static func element(_ place: Double, _ sorted: [Double], _ weights: [Double]) -> Double {
        var passed = 0.0
        for (value, weight) in zip(sorted, weights) {
            passed += weight
            if passed > place { return value }
        }
        return sorted[sorted.count - 1]
    }

    /// NumPy's interpolation, which is exact at both ends.
    private static func between(_ a: Double, _ b: Double, _ t: Double) -> Double {
        t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t
    }
}
