import Datasets
import Training

/// The facts about a training set from which a first config is made.
package struct InitFacts {
    /// Samples of the whole file, before any split.
    package let count: Int
    package let shape: [Int]
    /// Samples of each class, by name; empty for values.
    package let classes: [(name: String, count: Int)]
    /// Columns of the targets, if they are values.
    package let targetWidth: Int
    /// Mean and standard deviation of a single target value.
    package let mean: Double
    package let deviation: Double

    package init(
        count: Int, shape: [Int], classes: [(name: String, count: Int)] = [], targetWidth: Int = 0,
        mean: Double = 0, deviation: Double = 0
    ) {
        self.count = count
        self.shape = shape
        self.classes = classes
        self.targetWidth = targetWidth
        self.mean = mean
        self.deviation = deviation
    }

    package init(of data: Dataset) {
        var counts = Array(repeating: 0, count: data.classNames?.count ?? 0)
        for label in data.labels { counts[Int(label)] += 1 }
        let values = data.values.map { Double($0) }
        let mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let width: Int = if case .values(let width) = data.form.targets { width } else { 0 }
        self.init(
            count: data.count, shape: data.sampleShape,
            classes: Array(zip(data.classNames ?? [], counts)), targetWidth: width, mean: mean,
            deviation: values.isEmpty ? 0 : (squares / Double(values.count)).squareRoot())
    }

    package var isClassification: Bool { !classes.isEmpty }
    package var isImage: Bool { shape.count == 3 }
    package var outputs: Int { isClassification ? classes.count : max(1, targetWidth) }
    /// Samples of the largest class for each sample of the smallest that has any.
    package var imbalance: Double {
        let counts = classes.map(\.count).filter { $0 > 0 }
        return Double(counts.max() ?? 1) / Double(counts.min() ?? 1)
    }
}
