import Datasets
import Kernels
import Runs
import Training

/// Trained models as `predict` uses them: they compute a table for a source of samples, block by block.
struct ModelPredictions {
    private enum Source {
        case networks(EnsemblePredictor)
        /// The values at a boundary of a network: the output of a layer.
        case layer(Predictor, boundary: Int)
        /// A k-means or PCA job.
        case measured(MeasuredModel)
    }

    private let source: Source
    private let rows: PredictionRows
    /// The largest number of samples in a block.
    private let capacity: Int

    private static var topIsForClasses: UsageError {
        UsageError("--top is for models that predict one of several classes")
    }

    /// - Parameters:
    ///   - layer: the value of `--layer`.
    ///   - top: the value of `--top`.
    init(_ models: TrainedModels, lanes: LanePool, layer: String?, top: Int? = nil) throws {
        guard top == nil || (layer == nil && models.all[0].state.classNames != nil) else {
            throw Self.topIsForClasses
        }
        if let model = try models.measured(lanes) {
            guard layer == nil else {
                throw UsageError("--layer is for models with layers, which this job does not train")
            }
            guard top == nil else { throw Self.topIsForClasses }
            source = .measured(model)
            rows = PredictionRows(of: model)
            capacity = lanes.lanes * Evaluator.chunkSize
            return
        }
        let ensemble = try models.ensemble(lanes) { plan in
            guard let layer, models.all.count == 1 else { return [] }
            return [try plan.boundary(behind: layer)]
        }
        capacity = ensemble.capacity
        let plan = ensemble.members[0].plan
        guard let layer else {
            source = .networks(ensemble)
            let rows = PredictionRows(of: plan, models.all[0].state, isEnsemble: !ensemble.isSingle)
            guard let top else {
                self.rows = rows
                return
            }
            guard let most = rows.most(top) else {
                throw Self.topIsForClasses
            }
            self.rows = most
            return
        }
        guard ensemble.isSingle else {
            throw UsageError("--layer is for one model: layers of several have nothing in common")
        }
        let boundary = try plan.boundary(behind: layer)
        source = .layer(ensemble.members[0], boundary: boundary)
        let width = plan.network.shape(at: boundary).count
        rows = PredictionRows(
            .values, columns: (0..<width).map { "\(layer)_\($0)" }, image: plan.network.image(at: boundary))
    }

    /// Computes and writes the rows of all samples.
    /// - Parameter names: the columns with the names of the samples, which come first if samples have names.
    func write(of input: any SampleBlocks, namedBy names: [String], to writer: PredictionWriter) throws {
        var isFirst = true
        while let block = try input.next(limit: capacity) {
            if isFirst { writer.begin((block.names == nil ? [] : names) + rows.columns) }
            isFirst = false
            for (index, row) in try rows(of: block).enumerated() {
                writer.add((block.names?[index].map { .text($0) } ?? []) + row)
            }
            guard try writer.flush() else { return }
        }
        try writer.finish()
    }

    private func rows(of block: SampleBlock) throws -> [[PredictionRows.Cell]] {
        let values: FloatBuffer
        var scores: FloatBuffer?
        switch source {
        case .networks(let ensemble):
            let answer = try ensemble.answer(block.samples, of: block.dataset)
            values = answer.readable
            scores = answer.scores
        case .layer(let predictor, let boundary):
            try predictor.compute(block.samples, of: block.dataset)
            values = predictor.values(at: boundary)
        case .measured(let model): values = model.answer(block.samples, of: block.dataset)
        }
        return withExtendedLifetime((values, scores)) {
            rows.rows(
                values: Array(values.elements), scores: scores.map { Array($0.elements) } ?? [],
                count: block.samples.count)
        }
    }
}

extension TrainingPlan {
    /// The boundary behind a block of layers, or behind a layer with its batch norm and its activation.
    /// - Throws: `UsageError` if there is no such layer.
    fileprivate func boundary(behind name: String) throws -> Int {
        let layers = network.layers
        if let index = layers.lastIndex(where: { $0.name == name || $0.name.hasPrefix(name + ".") }) {
            return index + 1
        }
        let names = layers.prefix(40).map { "`\($0.name)`" }.joined(separator: ", ")
        throw UsageError(
            "the model has no layer `\(name)`; its layers are \(names)\(layers.count > 40 ? ", …" : "")")
    }
}
