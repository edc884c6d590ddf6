/// Deterministic choices of some of many.
package enum Thinning {
    /// `most` of the places `0..<count` at equal distances, the first one included; all if there are fewer.
    package static func places(_ count: Int, most: Int) -> [Int] {
        guard count > most else { return Array(0..<count) }
        return (0..<most).map { $0 * count / most }
    }

    /// Places on a curve of `count` points: both ends and the others at equal distances.
    package static func curve(_ count: Int, most: Int) -> [Int] {
        guard count > most else { return Array(0..<count) }
        return (0..<most).map { $0 * (count - 1) / (most - 1) }
    }
}
