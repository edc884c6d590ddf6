import Kernels

/// Everything that the program knows about one kind of layer with a computation of its own.
///
/// A kind is one file in `Layers`: its definition, which a case of `LayerSpec` names, and its computation.
/// For example, `DropoutDefinition(rate: 0.5).plan(…)` says that the output has the input's shape, how many
/// bytes the mask takes, that the output may be written over the input, and how to make a `DropoutLayer`.
protocol LayerDefinition: Sendable {
    /// True for layers that join two inputs or more. All others have one input.
    var joinsInputs: Bool { get }
    /// The layer's way with sequences.
    var sequenceInput: SequenceInput { get }
    /// True if a layer `c1.relu` directly behind `c1` counts as a part of `c1`: the name `c1` then stands for
    /// its output.
    var extendsPreviousLayer: Bool { get }
    /// The layer's way with flattened values that lie in memory's order.
    var flattenedInput: FlattenedInput { get }
    /// The kind of probabilities that the layer's outputs are; nil for other values.
    var probabilities: ProbabilityKind? { get }

    /// Adds the layer's tensors and exchanges to `allocator`, and returns its plan.
    ///
    /// - Throws: `ShapeMismatch` if the layer cannot follow its input.
    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan
}

/// A layer's way with a sequence `[positions, channels]`.
enum SequenceInput: Sendable {
    /// The layer treats each position by itself. It is planned for a flat input `[channels]`, and the rows of
    /// its passes are positions: its computation knows nothing of sequences.
    case eachPosition
    /// The layer sees sequences: `ForwardPass.sequences` says which rows are a sample's. An output depends on
    /// its own position and those before it, and the layer can continue sequences whose beginning it has
    /// computed (`SequenceRows.past`).
    case causal
    /// The layer sees whole sequences, and cannot continue them.
    case whole
    /// The layer is for tables or images.
    case refused
}

/// A layer's way with values that a flatten has left in memory's order.
///
/// An image lies in memory as `[height, width, channels]`, and PyTorch flattens `[channels, height, width]`.
/// A flatten moves its values into PyTorch's order only if a layer behind it needs that.
enum FlattenedInput: Sendable {
    /// The layer works value by value, and its output has the order of its input.
    case kept
    /// The layer's tensors have memory's order in memory and PyTorch's in files; its output has no such
    /// order.
    case translated
    /// The layer needs PyTorch's order.
    case channelsFirst
}

/// A kind of block: it has no computation of its own, but consists of other layers.
protocol CompositeDefinition: Sendable {
    /// Appends the block's layers, and returns the boundary at its end.
    ///
    /// - Throws: `ShapeMismatch` if one of the layers cannot follow those before it.
    func append(_ block: CompositeContext, to builder: inout NetworkBuilder) throws(ShapeMismatch) -> Int
}

/// The definition behind a case of `LayerSpec`.
enum SpecDefinition {
    case layer(any LayerDefinition)
    case composite(any CompositeDefinition)
}

/// Probabilities that a layer can give.
package enum ProbabilityKind: Sendable {
    /// One for each class; their sum is 1 (softmax).
    case ofClasses
    /// Each between 0 and 1 on its own (sigmoid).
    case independent
}

/// The layer that a definition plans.
struct LayerContext {
    let name: String
    /// The layer's index in its network.
    let number: Int
    /// True if the layer is named by `freeze`: its tensors are not trained.
    let isFrozen: Bool
    /// True if a flatten must give its values PyTorch's order.
    let movesChannels: Bool
    let inputs: [Boundary]
    /// The names of the layers that write the inputs.
    let inputNames: [String]

    /// The input of a layer that joins none.
    var input: Boundary { inputs[0] }

    /// The same layer for one position of its inputs, which are sequences.
    var ofOnePosition: LayerContext {
        LayerContext(
            name: name, number: number, isFrozen: isFrozen, movesChannels: movesChannels,
            inputs: inputs.map {
                Boundary(
                    shape: TensorShape([$0.shape.channels]), flattened: nil, field: $0.field,
                    measuredImages: $0.measuredImages)
            }, inputNames: inputNames)
    }

    func mismatch(_ description: String) -> ShapeMismatch {
        ShapeMismatch(layer: name, description: description)
    }

    /// Demands a sequence as the input.
    ///
    /// - Parameter kind: what the layer is, behind its name.
    /// - Throws: `ShapeMismatch` if the input is a table or an image.
    func checkSequence(_ kind: String) throws(ShapeMismatch) {
        if input.shape.isSequence { return }
        throw mismatch(
            "`\(name)` \(kind) and wants sequences, but the layer before it gives \(input.shape)"
                + (input.shape.isImage ? ": put \"rows\" before it, which reads an image row by row" : ""))
    }

    /// Limits a weight matrix to 2³¹ values: far more than any machine holds, but few enough for sums and
    /// products of such numbers.
    ///
    /// - Throws: `ShapeMismatch` if it has more.
    func checkWeights(_ inputs: Int, _ outputs: Int) throws(ShapeMismatch) {
        try check(inputs, outputs, limit: 1 << 31, "weights")
    }

    /// Limits an output to 2²⁸ values for each sample.
    ///
    /// - Throws: `ShapeMismatch` if it has more.
    func checkValues(_ positions: Int, _ channels: Int) throws(ShapeMismatch) {
        try check(positions, channels, limit: 1 << 28, "values for each sample")
    }

    private func check(_ a: Int, _ b: Int, limit: Int, _ unit: String) throws(ShapeMismatch) {
        let (count, overflows) = a.multipliedReportingOverflow(by: b)
        guard overflows || count > limit else { return }
        throw mismatch(
            "`\(name)` has more than \(limit) \(unit), which no machine computes: make it smaller")
    }

    /// Lays a window on the input's images.
    ///
    /// - Parameter holdsPixel: true if every window must hold a pixel, as a pool's must.
    /// - Throws: `ShapeMismatch` if the input has no images, or images that are too small.
    func geometry(_ window: Window, holdsPixel: Bool) throws(ShapeMismatch) -> WindowGeometry {
        do {
            return try window.geometry(on: input.shape, name: name, pools: holdsPixel)
        } catch {
            throw mismatch(error.description)
        }
    }
}

extension LayerContext {
    /// The output of a layer that joins inputs which agree in all that `part` takes of their shapes.
    ///
    /// - Parameter hint: tells in an error what must be the same.
    /// - Throws: `ShapeMismatch` if the inputs do not agree, or the output would be too large.
    func joined(
        _ part: (TensorShape) -> TensorShape, channels: ([TensorShape]) -> Int, hint: String
    ) throws(ShapeMismatch) -> Boundary {
        let shapes = inputs.map(\.shape)
        let parts = shapes.map(part)
        guard let first = parts.first, parts.allSatisfy({ $0 == first }) else {
            let list = zip(inputNames, shapes).map { "\($1) of `\($0)`" }.joined(separator: ", ")
            throw mismatch("`\(name)` joins shapes that do not fit: \(list); \(hint)")
        }
        let channels = channels(shapes)
        try checkValues(shapes[0].positions, channels)
        return Boundary(
            shape: TensorShape(shapes[0].dimensions.dropLast() + [channels]), flattened: nil,
            field: inputs.dropFirst().reduce(input.field) { $0.joined(with: $1.field) },
            measuredImages: nil)
    }
}

/// The block that a composite definition appends.
struct CompositeContext {
    let name: String
    /// The boundary that the block reads.
    let input: Int
    /// The prefix of the names of its layers, such as `layer1.0.`.
    let scope: String
}
