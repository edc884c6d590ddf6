import NeuralNetwork

// The tensors of a checkpoint: a snapshot in PyTorch's names and layout.
extension Snapshot {
    /// Names the parameters that an averaged training goes on from, in the optimizer's file:
    /// `raw.dense1.weight`.
    private static let rawName = "raw"

    /// The model's parameters, or their average, and running statistics, as in a PyTorch `state_dict`; of
    /// principal components those that are in use.
    package func modelTensors(_ layout: ParameterLayout) -> [NamedTensor] {
        let evaluated = evaluatedParameters
        var tensors = layout.allTensors.map { Self.tensor($0.name, $0, in: evaluated) }
        let kept = KeptRows(layout) { statistics[$0.range].first }
        for statistic in layout.statistics {
            let shape = kept.shape(of: statistic)
            let values = statistic.toFile(statistics).prefix(shape.reduce(1, *))
            tensors.append(NamedTensor(statistic.name, shape: shape, floats: Array(values)))
            if let layer = statistic.batchNormLayer {
                tensors.append(
                    NamedTensor(
                        layer + ".num_batches_tracked", shape: [],
                        int64s: [statistic.isFrozen ? 0 : Int64(step)]))
            }
        }
        return tensors
    }

    /// Each moment of each parameter, with names like `exp_avg.dense1.weight`; and if the model is the
    /// average of the parameters, they themselves.
    package func optimizerTensors(_ layout: ParameterLayout, momentNames: [String]) -> [NamedTensor] {
        let vectors =
            isAveraged
            ? Array(zip(momentNames.dropLast() + [Self.rawName], moments.dropLast() + [parameters]))
            : Array(zip(momentNames, moments))
        return vectors.flatMap { name, flat in
            layout.tensors.map { Self.tensor("\(name).\($0.name)", $0, in: flat) }
        }
    }

    private static func tensor(_ name: String, _ tensor: ParameterTensor, in flat: [Float]) -> NamedTensor {
        var values = [Float](repeating: 0, count: tensor.range.count)
        flat.withUnsafeBufferPointer { flat in
            values.withUnsafeMutableBufferPointer {
                guard let from = flat.baseAddress, let to = $0.baseAddress else { return }
                tensor.storage.toFile(from + tensor.range.lowerBound, to)
            }
        }
        return NamedTensor(name, shape: tensor.storage.fileShape, floats: values)
    }

    /// Reads the state from a checkpoint.
    /// - Parameter epochTotals: the report's sums since the epoch began.
    /// - Throws: `CheckpointError`, which names every tensor that is missing or has another shape or type.
    package init(
        _ checkpoint: Checkpoint, layout: ParameterLayout, momentNames: [String], epochTotals: [Double]
    ) throws {
        var reading = TensorReading()
        let model = reading.flatVector(
            layout.allTensors, from: checkpoint.model, count: layout.parameterSpace)
        isAveraged = momentNames.last == WeightAverage.name
        var kept = momentNames.dropLast(isAveraged ? 1 : 0).map {
            reading.flatVector(
                layout.tensors, prefix: $0 + ".", from: checkpoint.optimizer, count: layout.flatCount)
        }
        if isAveraged {
            let raw = reading.flatVector(
                layout.tensors, prefix: Self.rawName + ".", from: checkpoint.optimizer,
                count: layout.flatCount)
            parameters = raw + model.dropFirst(layout.flatCount)
            kept.append(Array(model.prefix(layout.flatCount)))
        } else {
            parameters = model
        }
        moments = kept
        statistics = Array(repeating: 0, count: layout.statisticsCount)
        let rows = KeptRows(layout) { checkpoint.model[$0.name]?.floats()?.first }
        for statistic in layout.statistics {
            // Earlier versions wrote all rows, with zeros behind those in use.
            let isWhole = checkpoint.model[statistic.name]?.shape == statistic.shape
            let shape = isWhole ? statistic.shape : rows.shape(of: statistic)
            guard let values = reading.read(statistic.name, shape: shape, from: checkpoint.model) else {
                continue
            }
            let unused = repeatElement(Float(0), count: statistic.range.count - values.count)
            statistic.fromFile(values + unused, into: &statistics)
        }
        step = checkpoint.step
        self.epochTotals = epochTotals
        guard reading.problems.isEmpty else {
            throw CheckpointError(
                "the checkpoint `\(checkpoint.path)` does not fit this model:"
                    + " \(reading.problems.joined(separator: "; ")); resume with the job that wrote it")
        }
    }

    /// The hash of this state, `state_sha256` (see `StateHash`).
    package func stateSHA256(_ layout: ParameterLayout, momentNames: [String]) -> String {
        StateHash.sha256(
            model: modelTensors(layout), optimizer: optimizerTensors(layout, momentNames: momentNames))
    }
}

extension StatisticTensor {
    /// The name of the batch norm layer, for its running mean only, so that each layer is named once.
    fileprivate var batchNormLayer: String? {
        name.hasSuffix(".running_mean") ? String(name.dropLast(".running_mean".count)) : nil
    }
}

/// Reads tensors of known names and shapes from a file, and collects what does not fit.
private struct TensorReading {
    private(set) var problems: [String] = []

    /// The tensor's values; nil, and a problem, if it is missing or has another shape or type.
    mutating func read(_ name: String, shape: [Int], from file: SafeTensors) -> [Float]? {
        guard let tensor = file[name] else {
            problems.append("`\(name)` is missing")
            return nil
        }
        guard tensor.shape == shape else {
            problems.append("`\(name)` has shape \(tensor.shape), expected \(shape)")
            return nil
        }
        guard let values = tensor.floats() else {
            problems.append(
                "`\(name)` holds \(tensor.type.rawValue), expected \(TensorType.float32.rawValue)")
            return nil
        }
        return values
    }

    /// A flat vector of `count` elements with the tensors at their ranges, and zeros elsewhere.
    mutating func flatVector(
        _ tensors: [ParameterTensor], prefix: String = "", from file: SafeTensors, count: Int
    ) -> [Float] {
        var flat = [Float](repeating: 0, count: count)
        for tensor in tensors {
            guard let values = read(prefix + tensor.name, shape: tensor.storage.fileShape, from: file) else {
                continue
            }
            flat.withUnsafeMutableBufferPointer { flat in
                values.withUnsafeBufferPointer {
                    guard let from = $0.baseAddress, let to = flat.baseAddress else { return }
                    tensor.storage.fromFile(from, to + tensor.range.lowerBound)
                }
            }
        }
        return flat
    }
}
