import Checkpoints
import Configuration
import Datasets
import Export
import Jobs
import Kernels
import NeuralNetwork
import Runs
import System
import Testing
import Training
import dist_train

/// A model with parameters drawn by chance, raw samples, and this program's answers to them.
struct ExportCase {
    let name: String
    let plan: TrainingPlan
    let state: CheckpointState
    let snapshot: Snapshot
    let dataset: Dataset
    /// The text of the file that `dataset` was read from, if the data are a table.
    var csv: String?
    /// Cells that make a row invalid: a column, and what stands in it.
    var faults: [(column: String, cell: String)] = []

    /// - Parameter table: the encoding of the columns, if the data are a table.
    init(
        _ name: String, _ job: Job, _ dataset: Dataset, classes: [String]?, targetWidth: Int? = nil,
        table: TableEncoding? = nil, seed: UInt64
    ) throws {
        self.name = name
        self.dataset = dataset
        plan = try TrainingPlan(
            job,
            DataFacts(
                sampleShape: dataset.sampleShape, classCount: classes?.count, targetWidth: targetWidth,
                trainCount: 64, validationCount: 1, testCount: 1, sequences: SequenceFacts(dataset.form)))
        state = CheckpointState(
            data: "", normalization: Normalization(job.data.normalization, of: dataset),
            encoding: DataEncoding(table: table, classNames: classes), epochTotals: [], platform: "",
            isExact: true, sampleShape: dataset.sampleShape, targetWidth: targetWidth)
        snapshot = Self.drawn(plan.network.layout, seed: seed)
    }

    var model: ExportedModel { ExportedModel(plan, state, snapshot, name: name) }

    /// Parameters and statistics that are neither zero nor one, so that every one counts.
    private static func drawn(_ layout: ParameterLayout, seed: UInt64) -> Snapshot {
        var snapshot = Snapshot(initial: layout, moments: 0, seed: seed)
        var random = RandomStream(seed: seed, purpose: .test, major: 1)
        for tensor in layout.allTensors {
            for index in tensor.range {
                switch tensor.role {
                case .weight: break
                case .bias, .shift: snapshot.parameters[index] = Float(0.3 * random.normal())
                case .gain: snapshot.parameters[index] = Float(random.uniform(in: 0.5..<1.5))
                }
            }
        }
        for statistic in layout.statistics {
            let count = statistic.range.count
            for index in statistic.range {
                snapshot.statistics[index] =
                    switch statistic.name.split(separator: ".").last {
                    case "running_var": Float(random.uniform(in: 0.5..<2))
                    case "centroids_chosen": 4
                    case "component_count": 3
                    case "matrix": Float(random.normal() / Double(count).squareRoot().squareRoot())
                    default: Float(0.5 * random.normal())
                    }
            }
        }
        return snapshot
    }

    // MARK: This program's answers

    private struct Answers {
        let columns: [String]
        let rows: [[PredictionRows.Cell]]
        /// The network's last values in PyTorch's order; nil for jobs that measure.
        let outputs: [[Float]]?
    }

    private func answers() throws -> Answers {
        let lanes = LanePool(lanes: 1)
        defer { lanes.close() }
        if let measured = MeasuredModel(
            plan: plan, normalization: state.normalization, statistics: snapshot.statistics, lanes: lanes)
        {
            let rows = PredictionRows(of: measured)
            let values = Self.floats(measured.answer(0..<dataset.count, of: dataset))
            return Answers(
                columns: rows.columns, rows: rows.rows(values: values, scores: [], count: dataset.count),
                outputs: nil)
        }
        let predictor = Predictor(
            plan: plan, normalization: state.normalization, parameters: snapshot.parameters,
            statistics: snapshot.statistics, lanes: lanes)
        try predictor.compute(0..<dataset.count, of: dataset)
        let outputs = Self.floats(predictor.outputs())
        if case .tokens = plan.targets { return Answers(columns: [], rows: [], outputs: [outputs]) }
        var names = PredictionRows.Names(
            classes: state.classNames, features: state.table?.featureNames,
            targets: state.table?.target.columns ?? [])
        names.featureOffsets = state.table?.featureOffsets ?? []
        names.targetOffsets = state.table?.target.offsets ?? []
        let rows = PredictionRows(
            of: plan, names: names, normalization: state.normalization, isEnsemble: false)
        return Answers(
            columns: rows.columns,
            rows: rows.rows(
                values: Self.floats(predictor.readable()), scores: outputs, count: dataset.count),
            outputs: channelsFirst(outputs))
    }

    private static func floats(_ buffer: FloatBuffer) -> [Float] {
        withExtendedLifetime(buffer) { Array(buffer.elements) }
    }

    private func channelsFirst(_ outputs: [Float]) -> [[Float]] {
        let width = plan.network.outputShape.count
        let image = plan.network.image(at: plan.network.layers.count)
        return stride(from: 0, to: outputs.count, by: width).map { start in
            (0..<width).map { index in
                let place = image.map { index % $0.positions * $0.channels + index / $0.positions } ?? index
                return outputs[start + place]
            }
        }
    }

    // MARK: Files for the check

    /// Writes the exported model, the raw samples and the answers into a new directory.
    func write(to directory: String) throws {
        try Directory.createNew(directory, mode: 0o700)
        try File.writeAtomically(model.onnx(), to: Path.join(directory, "model.onnx"))
        for file in model.pyTorchFiles {
            try File.writeAtomically(file.text, to: Path.join(directory, file.name))
        }
        try model.writeSafeTensors(to: Path.join(directory, "model.safetensors"))
        if let csv {
            try File.writeAtomically(csv, to: Path.join(directory, "input.csv"))
        } else {
            try writeSamples(to: Path.join(directory, "input.safetensors"))
        }
        let answers = try answers()
        let outputs = answers.outputs.map { rows in
            ConfigValue.array(rows.map { .array($0.map { .number($0) }) })
        }
        let expected: ConfigValue = [
            "columns": .array(answers.columns.map { .string($0) }),
            "rows": .array(answers.rows.map { .array($0.map(Self.value)) }), "outputs": outputs ?? .null,
            "faults": .array(faults.map { .array([.string($0.column), .string($0.cell)]) }),
        ]
        try File.writeAtomically(expected.compactJSON(), to: Path.join(directory, "expected.json"))
    }

    private func writeSamples(to path: String) throws {
        if dataset.hasSequences { return try write(paddedSequences(), to: path) }
        let areBytes = dataset.form.elementType == .uint8
        let size = dataset.sampleSize * dataset.count
        var values = [Float](repeating: 0, count: size)
        let plain = Normalization(
            kind: .none, shift: .init(repeating: 0, count: dataset.form.channelCount),
            factor: .init(repeating: 1, count: dataset.form.channelCount))
        values.withUnsafeMutableBufferPointer {
            dataset.gather(Array(0..<dataset.count)[...], normalization: plain, into: $0.baseAddress!)
        }
        let shape = [dataset.count] + dataset.sampleShape
        let tensor =
            areBytes
            ? values.map { UInt8($0) }.withUnsafeBytes { NamedTensor("x", .uint8, shape: shape, copying: $0) }
            : NamedTensor("x", shape: shape, floats: values)
        try write([tensor], to: path)
    }

    private func write(_ tensors: [NamedTensor], to path: String) throws {
        let writer = try FileWriter(path)
        try SafeTensors.write(tensors, to: writer)
        _ = try writer.finish()
    }

    /// The samples, with −1 or NaN behind the end of those that are shorter than others, and their lengths.
    private func paddedSequences() -> [NamedTensor] {
        let (positions, channels) = (dataset.sampleShape[0], dataset.form.channelCount)
        let isTokens = dataset.form.stream?.vocabulary != nil
        let plain = Normalization(
            kind: .none, shift: .init(repeating: 0, count: channels),
            factor: .init(repeating: 1, count: channels))
        let lengths = (0..<dataset.count).map { dataset.length(ofSample: $0) }
        var padded: [Float] = []
        for sample in 0..<dataset.count {
            var values = [Float](repeating: isTokens ? -1 : .nan, count: positions * channels)
            values.withUnsafeMutableBufferPointer {
                dataset.gather([sample][...], normalization: plain, into: $0.baseAddress!)
            }
            padded += values
        }
        let shape = [dataset.count, positions, channels]
        let areBytes = dataset.form.elementType == .uint8
        let x =
            isTokens
            ? NamedTensor("x", shape: [dataset.count, positions], int64s: padded.map { Int64($0) })
            : areBytes
                ? padded.map { UInt8($0) }.withUnsafeBytes {
                    NamedTensor("x", .uint8, shape: shape, copying: $0)
                } : NamedTensor("x", shape: shape, floats: padded)
        return [x, NamedTensor("lengths", shape: [dataset.count], int64s: lengths.map { Int64($0) })]
    }

    private static func value(_ cell: PredictionRows.Cell) -> ConfigValue {
        switch cell {
        case .text(let text): .string(text)
        case .number(let number): .number(number)
        case .double(let number): .number(number)
        case .integer(let number): .int(number)
        }
    }
}
