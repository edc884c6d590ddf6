import Datasets
import Kernels
import NeuralNetwork
import Training

/// The table that `predict` writes: its columns, and how its rows follow from what the models compute.
package struct PredictionRows {
    package enum Cell: Equatable, Sendable {
        case text(String)
        case number(Float)
        /// A number in double precision.
        case double(Double)
        case integer(Int)
    }

    /// The way from computed values to cells.
    package enum Form {
        /// The predicted class, then a number for each class. With one score for two classes, the second is
        /// predicted if the score is above `threshold`, and the value is that of the second class.
        case classes([String], threshold: Float)
        /// The values as they are.
        case values
        /// The sample as the model reconstructs it, in the units of the data.
        case reconstruction(Normalization)
        /// The number of a cluster, then the distance to its centre.
        case cluster
    }

    package let columns: [String]
    package let form: Form
    /// For each column the index of its value among the computed ones; nil where they are the same.
    private let order: [Int]?
    /// Added to each value, because a table's encoding subtracted it; empty where nothing was.
    private let offsets: [Double]
    /// Only this number of classes, the most probable ones; nil: all in their order.
    private var top: Int?

    /// - Parameters:
    ///   - image: the image whose values are computed as height, width, channels. The columns have PyTorch's
    ///     order, channels, height, width. Nil: the values have the order of the columns.
    ///   - offsets: numbers that a table's encoding subtracted.
    package init(_ form: Form, columns: [String], image: TensorShape? = nil, offsets: [Double] = []) {
        self.form = form
        self.columns = columns
        self.offsets = offsets.allSatisfy { $0 == 0 } ? [] : offsets
        order = image.map { image in
            (0..<image.count).map { $0 % image.positions * image.channels + $0 / image.positions }
        }
    }

    /// Makes the rows of a block of samples.
    ///
    /// - Parameters:
    ///   - values: `[count, width]`: probabilities, values or normalized features.
    ///   - scores: `[count, width]`: the class with the largest score is predicted. Read for classes only.
    package func rows(values: [Float], scores: [Float], count: Int) -> [[Cell]] {
        let width = values.count / max(1, count)
        return (0..<count).map { row in
            let range = row * width..<(row + 1) * width
            let own = order.map { $0.map { values[range.lowerBound + $0] }[...] } ?? values[range]
            return cells(own, scores: form.hasClasses ? scores[range] : [])
        }
    }

    private func cells(_ values: ArraySlice<Float>, scores: ArraySlice<Float>) -> [Cell] {
        switch form {
        case .values: return values.enumerated().map { cell($1, feature: $0) }
        case .cluster:
            return values.prefix(1).map { .integer(Int($0)) } + values.dropFirst().map { .number($0) }
        case .reconstruction(let normalization):
            return values.enumerated().map {
                cell(normalization.undone($1, feature: $0, of: values.count), feature: $0)
            }
        case .classes(let names, let threshold):
            guard let score = scores.first, let value = values.first, values.count == 1 else {
                return cells(of: Array(values), names, first: Self.largest(scores))
            }
            return cells(of: [1 - value, value], names, first: score > threshold ? 1 : 0)
        }
    }

    private func cell(_ value: Float, feature: Int) -> Cell {
        guard offsets.indices.contains(feature), offsets[feature] != 0 else { return .number(value) }
        return .double(Double(value) + offsets[feature])
    }

    /// The predicted class, then the value of each class, or the most probable ones with theirs.
    private func cells(of values: [Float], _ names: [String], first: Int) -> [Cell] {
        guard let top else { return [.text(names[first])] + values.map { .number($0) } }
        let others = values.indices.filter { $0 != first }.sorted { values[$0] > values[$1] }
        return ([first] + others).prefix(top).flatMap { [.text(names[$0]), .number(values[$0])] }
    }

    /// The place of the largest score, the first of equal ones.
    private static func largest(_ scores: ArraySlice<Float>) -> Int {
        scores.withUnsafeBufferPointer { scores in
            scores.baseAddress.map { LossKernels.argmax($0, columns: scores.count) } ?? 0
        }
    }
}

extension PredictionRows {
    /// The table with the `count` most probable classes of each sample; nil unless it is one of classes. The
    /// columns are `class`, `p_1`, `class_2`, `p_2` and so on.
    package func most(_ count: Int) -> PredictionRows? {
        guard case .classes(let names, _) = form else { return nil }
        let prefix = columns.count > 1 && columns[1].hasPrefix("score_") ? "score_" : "p_"
        let places = 1...min(count, names.count)
        var rows = PredictionRows(
            form, columns: places.flatMap { [$0 == 1 ? "class" : "class_\($0)", "\(prefix)\($0)"] })
        rows.top = count
        return rows
    }
}

extension PredictionRows.Form {
    fileprivate var hasClasses: Bool { if case .classes = self { true } else { false } }
}

extension Normalization {
    /// The value in the data's units of a normalized one. The features of images lie channel by channel.
    fileprivate func undone(_ value: Float, feature: Int, of count: Int) -> Float {
        let channel = feature / max(1, count / factor.count)
        return value / factor[channel] + shift[channel]
    }
}

// MARK: The columns of networks

extension PredictionRows {
    /// The names that the data give to what a network predicts.
    package struct Names {
        /// nil for targets that are values.
        package var classes: [String]?
        /// The columns of a table's features; nil if the data are no table.
        package var features: [String]?
        /// The columns of a table's targets.
        package var targets: [String]
        /// Numbers that a table's encoding subtracted from each feature and from each target.
        package var featureOffsets: [Double] = []
        package var targetOffsets: [Double] = []

        package init(classes: [String]? = nil, features: [String]? = nil, targets: [String] = []) {
            self.classes = classes
            self.features = features
            self.targets = targets
        }
    }

    /// The table for networks that were trained by this plan, one alone or an ensemble.
    package init(
        of plan: TrainingPlan, names: Names, normalization: Normalization, isEnsemble: Bool
    ) {
        let outputs = plan.network.outputShape.count
        let image = plan.network.image(at: plan.network.layers.count)
        if plan.job.data.target == .input {
            self.init(
                .reconstruction(normalization), columns: names.features ?? (0..<outputs).map { "x_\($0)" },
                image: image, offsets: names.featureOffsets)
            return
        }
        if let classes = names.classes {
            let prefix = plan.predictsProbabilities ? "p_" : "score_"
            // Scores of one network are logits; the scores of an ensemble are mean probabilities.
            let threshold: Float = !isEnsemble && plan.outputForm == .binaryLogits ? 0 : 0.5
            self.init(
                .classes(classes, threshold: threshold), columns: ["class"] + classes.map { prefix + $0 })
            return
        }
        let numbered = outputs == 1 ? ["value"] : (0..<outputs).map { "value_\($0)" }
        let columns = names.targets.count == outputs ? names.targets : numbered
        self.init(
            .values, columns: plan.predictsProbabilities ? columns.map { "p_" + $0 } : columns, image: image,
            offsets: names.targetOffsets)
    }
}

extension PredictionRows {
    /// The table of a k-means or PCA job.
    package init(of model: MeasuredModel) {
        self.init(model.areClusters ? .cluster : .values, columns: model.columns)
    }

    /// The table of a trained model, or of several that answer together.
    package init(of plan: TrainingPlan, _ state: CheckpointState, isEnsemble: Bool) {
        var names = Names(
            classes: state.classNames, features: state.table?.featureNames,
            targets: state.table?.target.columns ?? [])
        names.featureOffsets = state.featureOffsets
        names.targetOffsets = state.encoding.targetOffsets
        self.init(of: plan, names: names, normalization: state.normalization, isEnsemble: isEnsemble)
    }
}

extension CheckpointState {
    /// The number that was subtracted from each feature. The features of images lie channel by channel.
    fileprivate var featureOffsets: [Double] {
        let offsets = encoding.featureOffsets
        guard !offsets.isEmpty, let shape = sampleShape, shape.count > 1 else { return offsets }
        let plane = shape.dropLast().reduce(1, *)
        return offsets.flatMap { Array(repeating: $0, count: plane) }
    }
}
