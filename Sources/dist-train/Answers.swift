import Cluster
import Datasets
import Kernels
import NeuralNetwork
import Training

/// What is said of each sample: the columns, and how they follow from what the models compute.
struct Answers {
    enum Cell {
        case text(String)
        case number(Float)
    }

    private enum Kind {
        /// The class, then a number for each.
        case classes([String])
        case values
        /// The sample as the model gives it back, in the data's own units.
        case reconstruction(Normalization)
        /// What a layer holds, a boundary of the network.
        case layer(Int)
    }

    private let ensemble: EnsemblePredictor
    private let kind: Kind
    private let columns: [String]

    init(_ models: [TrainedModel], _ ensemble: EnsemblePredictor, layer: String?) throws {
        self.ensemble = ensemble
        let plan = ensemble.members[0].plan
        let outputs = plan.network.outputShape.count
        if let layer {
            guard ensemble.isSingle else { throw UsageError("--layer is for one model: layers of several have nothing in common") }
            let boundary = try Self.boundary(layer, plan)
            kind = .layer(boundary)
            columns = (0..<plan.network.shape(at: boundary).count).map { "\(layer)_\($0)" }
            return
        }
        if plan.job.data.target == .input {
            kind = .reconstruction(models[0].state.normalization)
            columns = models[0].state.table?.featureNames ?? (0..<outputs).map { "x_\($0)" }
            return
        }
        let prefix = plan.answersAreProbabilities ? "p_" : "score_"
        if let names = models[0].state.classNames {
            kind = .classes(names)
            columns = ["class"] + names.map { prefix + $0 }
        } else {
            kind = .values
            let known = models[0].state.table?.target.columns ?? []
            let names = known.count == outputs ? known : outputs == 1 ? ["value"] : (0..<outputs).map { "value_\($0)" }
            columns = plan.answersAreProbabilities ? names.map { prefix + $0 } : names
        }
    }

    /// Where a layer ends, with the batch norm and the activation that belong to it; or a block of layers.
    private static func boundary(_ name: String, _ plan: TrainingPlan) throws -> Int {
        let layers = plan.network.layers
        if let index = layers.lastIndex(where: { $0.name == name || $0.name.hasPrefix(name + ".") }) { return index + 1 }
        let names = plan.network.layers.map { "`\($0.name)`" }
        throw UsageError(
            "the model has no layer `\(name)`; its layers are \(names.prefix(40).joined(separator: ", "))\(names.count > 40 ? ", …" : "")")
    }

    /// Answers everything, block by block.
    func write(_ input: any SampleBlocks, to writer: AnswerWriter) throws {
        var isFirst = true
        while let block = try input.next(limit: ensemble.capacity) {
            if isFirst { writer.begin((block.names == nil ? [] : ["file"]) + columns) }
            isFirst = false
            let rows = try rows(block)
            for (index, row) in rows.enumerated() { writer.add((block.names.map { [.text($0[index])] } ?? []) + row) }
            guard try writer.flush() else { return }
        }
        try writer.finish()
    }

    private func rows(_ block: SampleBlock) throws -> [[Cell]] {
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
                let isYes = scores[0] > threshold
                return [.text(names[isYes ? 1 : 0]), .number(1 - yes), .number(yes)]
            }
            return [.text(names[LossKernels.argmax(scores, columns: width)])] + row
        }
    }

    /// From what the network reads to what the data hold.
    private static func undo(_ normalization: Normalization, _ values: FloatBuffer) {
        let channels = normalization.shift.count
        for i in 0..<values.count {
            values.pointer[i] = values.pointer[i] / normalization.factor[i % channels] + normalization.shift[i % channels]
        }
    }

    /// Above which a lonely score means the second of two classes.
    private var threshold: Float { ensemble.isSingle && ensemble.members[0].plan.outputForm == .binaryLogits ? 0 : 0.5 }

    private static func rows(of values: FloatBuffer, _ count: Int) -> [[Cell]] {
        let width = values.count / max(1, count)
        return (0..<count).map { row in (0..<width).map { .number(values.pointer[row * width + $0]) } }
    }
}

extension TrainingPlan {
    /// Whether what the models answer are probabilities, by their loss or their last layer.
    fileprivate var answersAreProbabilities: Bool {
        if outputForm != .values { return true }
        return switch job.layers.last?.spec {
        case .softmax, .activation(.sigmoid): true
        default: false
        }
    }
}
