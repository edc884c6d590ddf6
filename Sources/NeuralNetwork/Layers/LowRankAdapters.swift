import Kernels

/// Low-rank adapters of dense layers (LoRA: https://arxiv.org/abs/2106.09685): `y = xW + b + s · (xA)B`, x
/// `[N, in]`, W `[in, out]`, A `[in, rank]`, B `[rank, out]`, s = alpha/rank.
///
/// The network itself is frozen; A and B are trained, and layers that `train` names. A begins as
/// U(±1/√in), the values of peft, and B as zeros, so that nothing is changed before the first step. A layer
/// `NAME` becomes four: itself, `NAME.lora_A`, `NAME.lora_B` and their sum.
package struct LowRankAdapters: Equatable, Sendable {
    package var rank: Int
    package var alpha: Double
    /// Dense layers, or blocks of them, that are adapted; `attention` covers those of every attention.
    package var layers: [String]
    /// Layers that are trained whole, such as a new head.
    package var trained: [String]

    package init(rank: Int = 8, alpha: Double = 16, layers: [String] = [], trained: [String] = []) {
        self.rank = rank
        self.alpha = alpha
        self.layers = layers
        self.trained = trained
    }

    /// The factor of the adapters' part.
    package var scale: Double { alpha / Double(rank) }

    private static let down = ".lora_A"
    private static let up = ".lora_B"

    /// True for the tensor of an adapter, which files of the network do not have.
    package static func isAdapter(_ tensor: String) -> Bool {
        tensor.hasSuffix(down + ".weight") || tensor.hasSuffix(up + ".weight")
    }

    /// Whether a dense layer is adapted.
    ///
    /// - Parameter attentions: the names of the network's attentions.
    func adapts(_ layer: String, attentions: [String]) -> Bool {
        layers.contains { Self.covers($0, layer, attentions: attentions) }
    }

    /// Whether an entry of `layers` is the name of a layer, of a block around it, or covers it as a part of
    /// an attention.
    static func covers(_ entry: String, _ layer: String, attentions: [String]) -> Bool {
        TensorNames.isCovered(layer, by: entry == "attention" ? attentions + [entry] : [entry])
    }

    func isFrozen(_ layer: String) -> Bool {
        !layer.hasSuffix(Self.down) && !layer.hasSuffix(Self.up)
            && !TensorNames.isCovered(layer, by: trained)
    }

    /// Appends the adapter of a dense layer whose output is `base`, and returns the sum's boundary.
    func append(
        to name: String, units: Int, inputs: Int, reading input: Int, base: Int,
        _ builder: inout NetworkBuilder
    ) throws(ShapeMismatch) -> Int {
        let limit = 1 / Double(max(1, inputs)).squareRoot()
        func dense(_ units: Int, _ initializer: Initializer) -> LayerSpec {
            .dense(units: units, bias: false, initializer: initializer)
        }
        func append(_ part: String, _ spec: LayerSpec, reading input: Int) throws(ShapeMismatch) -> Int {
            guard case .layer(let definition) = spec.definition else { return input }
            return try builder.append(name + part, spec, definition, reading: [input])
        }
        let narrow = try append(
            Self.down, dense(rank, .uniform(low: -limit, high: limit)), reading: input)
        let wide = try append(Self.up, dense(units, .zeros), reading: narrow)
        return try builder.append(
            name + ".lora", .add, ScaledAddDefinition(scale: Float(scale)), reading: [base, wide])
    }

    /// The parameters of the network without adapters: `W + s · AB` in place of W.
    ///
    /// - Parameters:
    ///   - layout: the network with adapters, of which `parameters` are.
    ///   - merged: the network without.
    package func merge(_ parameters: [Float], _ layout: ParameterLayout, into merged: ParameterLayout)
        -> [Float]
    {
        let all = Dictionary(
            layout.allTensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var result = [Float](repeating: 0, count: merged.parameterSpace)
        for tensor in merged.allTensors {
            guard let base = all[tensor.name] else { continue }
            result.replaceSubrange(tensor.range, with: parameters[base.range])
            let layer = String(tensor.name.dropLast(".weight".count))
            guard tensor.name.hasSuffix(".weight"), let a = all[layer + Self.down + ".weight"],
                let b = all[layer + Self.up + ".weight"]
            else { continue }
            let outputs = b.range.count / rank
            for (i, place) in tensor.range.enumerated() {
                let (input, output) = (i / outputs, i % outputs)
                let sum = (0..<rank).reduce(0.0) {
                    $0 + Double(parameters[a.range.lowerBound + input * rank + $1])
                        * Double(parameters[b.range.lowerBound + $1 * outputs + output])
                }
                result[place] = Float(Double(result[place]) + scale * sum)
            }
        }
        return result
    }
}

/// The definition of a sum whose second input has a factor.
struct ScaledAddDefinition: LayerDefinition {
    let joinsInputs = true
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let scale: Float

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let output = try layer.joined({ $0 }, channels: { $0[0].channels }, hint: "they must be the same")
        let scale = scale
        return LayerPlan(
            summary: "add adapter", output: output, operations: 2 * output.shape.count, scratchCount: 0,
            workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: MemoryUse(
                backwardReads: [], overwritesInTraining: [0], overwritesInEvaluation: [0],
                gradientReuse: .never),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .none, countsDeadUnits: false,
            flattensImage: false, inputPreparation: nil,
            computation: .join { _ in ScaledAddLayer(scale: scale) })
    }
}

/// `y = x₀ + s · x₁`; `dx₀ = dy`, `dx₁ = s · dy`.
final class ScaledAddLayer: JoinLayer {
    private let scale: Float

    init(scale: Float) { self.scale = scale }

    func forward(_ inputs: [MicrobatchMatrix], _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofValues: output.width) { localMicrobatch, start, count in
            let y = output.row(localMicrobatch) + start
            Elementwise.sum(
                inputs[0].row(localMicrobatch) + start, inputs[1].row(localMicrobatch) + start,
                scale: scale, into: y, count: count)
        }
    }

    func backward(outputGradient: MicrobatchMatrix, _ inputGradients: [InputGradient?], _ pass: BackwardPass)
    {
        let size = MicrobatchRows.samplesPerVectorTile(width: outputGradient.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            let dy = outputGradient.row(tile.localMicrobatch, tile.start)
            for (index, gradient) in inputGradients.enumerated() {
                guard let gradient else { continue }
                let dx = gradient.values.row(tile.localMicrobatch, tile.start)
                Elementwise.scale(
                    dy, by: index == 0 ? Float(1) : scale, into: dx, accumulates: gradient.accumulates,
                    count: tile.count * outputGradient.width)
            }
        }
    }
}
