import Datasets
import Jobs
import Kernels
import NeuralNetwork
import Runs
import Training

/// The columns of a prediction, and how they follow from the values that the models compute.
struct Answers {
    enum Cell {
        case text(String)
        case number(Float)
        case integer(Int)
    }

    private enum Kind {
        /// The class, then a number for each.
        case classes([String])
        case values
        /// The sample as the model gives it back, in the data's own units.
        case reconstruction(Normalization)
        /// The values that a k-means or PCA job computes for the sample.
        case measured(MeasuredModel)
        /// The values at a boundary of the network: the output of a layer.
        case layer(Int)
    }

    private let ensemble: EnsemblePredictor?
    private let kind: Kind
    private let columns: [String]
    /// Samples in a block.
    private let capacity: Int

    /// - Parameter layer: `--layer`
    init(_ models: TrainedModels, _ lanes: LanePool, layer: String?) throws {
        if let measured = try models.measured(lanes) {
            guard layer == nil else {
                throw UsageError("--layer is for models with layers, which this job does not train")
            }
            (ensemble, kind, columns) = (nil, .measured(measured), measured.columns)
            capacity = lanes.lanes * Evaluator.chunkSize
            return
        }
        let ensemble = try models.ensemble(lanes) { plan in
            guard let layer, models.all.count == 1 else { return [] }
            return [try Self.boundary(layer, plan)]
        }
        self.ensemble = ensemble
        capacity = ensemble.capacity
        (kind, columns) = try Self.answer(of: ensemble, models.all[0], layer)
    }

    private static func answer(of ensemble: EnsemblePredictor, _ model: TrainedModel, _ layer: String?) throws
        -> (Kind, [String])
    {
        let plan = ensemble.members[0].plan
        let outputs = plan.network.outputShape.count
        if let layer {
            guard ensemble.isSingle else {
                throw UsageError("--layer is for one model: layers of several have nothing in common")
            }
            let boundary = try boundary(layer, plan)
            return (.layer(boundary), (0..<plan.network.shape(at: boundary).count).map { "\(layer)_\($0)" })
        }
        let table = model.state.table
        if plan.job.data.target == .input {
            return (
                .reconstruction(model.state.normalization),
                table?.featureNames ?? (0..<outputs).map { "x_\($0)" }
            )
        }
        let prefix = plan.answersAreProbabilities ? "p_" : "score_"
        if let names = model.state.classNames {
            return (.classes(names), ["class"] + names.map { prefix + $0 })
        }
        let known = table?.target.columns ?? []
        let names =
            known.count == outputs ? known : outputs == 1 ? ["value"] : (0..<outputs).map { "value_\($0)" }
        return (.values, plan.answersAreProbabilities ? names.map { prefix + $0 } : names)
    }

    /// The boundary behind a block of layers, or behind a layer with its batch norm and its activation.
    private static func boundary(_ name: String, _ plan: TrainingPlan) throws -> Int {
        let layers = plan.network.layers
        if let index = layers.lastIndex(where: { $0.name == name || $0.name.hasPrefix(name + ".") }) {
            return index + 1
        }
        let names = plan.network.layers.map { "`\($0.name)`" }
        throw UsageError(
            "the model has no layer `\(name)`; its layers are \(names.prefix(40).joined(separator: ", "))\(names.count > 40 ? ", …" : "")"
        )
    }

    /// Answers everything, block by block.
    func write(_ input: any SampleBlocks, to writer: AnswerWriter) throws {
        var isFirst = true
        while let block = try input.next(limit: capacity) {
            if isFirst { writer.begin((block.names == nil ? [] : ["file"]) + columns) }
            isFirst = false
            let rows = try rows(block)
            for (index, row) in rows.enumerated() {
                writer.add((block.names.map { [.text($0[index])] } ?? []) + row)
            }
            guard try writer.flush() else { return }
        }
        try writer.finish()
    }

    private func rows(_ block: SampleBlock) throws -> [[Cell]] {
        if case .measured(let model) = kind {
            let rows = Self.rows(of: model.answer(block.samples, of: block.dataset), block.samples.count)
            guard model.areClusters else { return rows }
            return rows.map { row in
                if case .number(let cluster) = row[0] {
                    [.integer(Int(cluster))] + row.dropFirst()
                } else {
                    row
                }
            }
        }
        guard let ensemble else { return [] }
        if case .layer(let boundary) = kind {
            try ensemble.members[0].compute(block.samples, of: block.dataset)
            return Self.rows(of: ensemble.members[0].values(at: boundary), block.samples.count)
        }
        let answer = try ensemble.answer(block.samples, of: block.dataset)
        if case .reconstruction(let normalization) = kind { Self.undo(normalization, answer.readable) }
        let rows = Self.rows(of: answer.readable, block.samples.count)
        guard case .classes(let names) = kind else { return rows }
        let width = answer.scores.count / max(1, block.samples.count)
        return rows.enumerated().map { index, row in
            let scores = answer.scores.pointer + index * width
            if width == 1 {
                guard case .number(let yes) = row[0] else { return row }
                let isYes = scores[0] > threshold(ensemble)
                return [.text(names[isYes ? 1 : 0]), .number(1 - yes), .number(yes)]
            }
            return [.text(names[LossKernels.argmax(scores, columns: width)])] + row
        }
    }

    /// From what the network reads to what the data hold.
    private static func undo(_ normalization: Normalization, _ values: FloatBuffer) {
        let channels = normalization.shift.count
        for i in 0..<values.count {
            values.pointer[i] =
                values.pointer[i] / normalization.factor[i % channels] + normalization.shift[i % channels]
        }
    }

    /// Above which a lonely score means the second of two classes.
    private func threshold(_ ensemble: EnsemblePredictor) -> Float {
        ensemble.isSingle && ensemble.members[0].plan.outputForm == .binaryLogits ? 0 : 0.5
    }

    private static func rows(of values: FloatBuffer, _ count: Int) -> [[Cell]] {
        let width = values.count / max(1, count)
        return (0..<count).map { row in (0..<width).map { .number(values.pointer[row * width + $0]) } }
    }
}

extension TrainingPlan {
    /// Whether what the models answer are probabilities, by their loss or their last layer.
    fileprivate var answersAreProbabilities: Bool {
        outputForm != .values || job.layers.last?.spec.probabilities != nil
    }
}
