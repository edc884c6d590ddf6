/// A row of numbers as a row of characters, each as high as its number.
package enum Sparkline {
    private static let blocks = Array("▁▂▃▄▅▆▇█")
    /// For terminals that show ASCII alone.
    private static let marks = Array("_.-=*#")

    /// - Parameters:
    ///   - values: finite numbers.
    ///   - width: the most characters; of more values, the means of neighbours are shown.
    package static func text(_ values: [Double], width: Int, isUnicode: Bool) -> String {
        let levels = isUnicode ? blocks : marks
        let count = min(max(1, width), values.count)
        let means = (0..<count).map { index in
            let part = values[index * values.count / count..<(index + 1) * values.count / count]
            return part.reduce(0) { $0 + $1 / Double(part.count) }
        }
        guard let least = means.min(), let greatest = means.max() else { return "" }
        // Halves, because the difference of two numbers may exceed all numbers.
        let range = greatest / 2 - least / 2
        return String(
            means.map { mean in
                let height = range > 0 ? (mean / 2 - least / 2) / range : 0.5
                return levels[min(levels.count - 1, Int(height * Double(levels.count)))]
            })
    }
}
