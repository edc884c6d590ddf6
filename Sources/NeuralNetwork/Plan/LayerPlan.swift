import Kernels

/// The plan of one layer of a network: pure data, and a function that makes the computation.
/// No field has a default value, so that the compiler asks every kind of layer for each of them.
struct LayerPlan: Sendable {
    /// The kind and its options for people, such as `dense (he_normal)`.
    let summary: String
    let output: Boundary
    /// Multiplications and additions of one sample's forward pass.
    let operations: Int
    /// Floats of scratch memory that each lane needs during a pass.
    let scratchCount: Int
    /// Floats that all lanes share during a pass.
    let workspaceCount: Int
    /// Bytes that the computation keeps from the forward to the backward pass, besides values at boundaries.
    let rememberedBytes: @Sendable (NetworkCapacity) -> Int
    let memory: MemoryUse
    /// Every distinct BLAS call for passes of these sizes. A worker's fingerprint tries them out.
    let matrixProducts: @Sendable (PassSizes) -> [MatrixProduct]
    /// Samples that OpenBLAS multiplies together, whose bits depend on their place among them: a pass of
    /// inference computes whole tiles of them. 1 where each sample is computed by itself.
    let samplesPerProduct: Int
    let fusion: FusionRole
    /// True if a unit whose output is at most 0 counts as inactive in diagnostics.
    let countsDeadUnits: Bool
    /// True for a flatten of an image.
    let flattensImage: Bool
    /// Statistics of the training set that must be measured before the first step. The layer's output then
    /// takes the place of the network's input. Nil for all layers but a whitening.
    let inputPreparation: WhiteningPlan?
    let computation: Computation

    /// A function that makes the layer's computation.
    enum Computation: Sendable {
        case layer(@Sendable (NetworkCapacity) -> any Layer)
        case join(@Sendable (NetworkCapacity) -> any JoinLayer)
        /// A normalisation can compute a rectifier and a sum that follow it in the same passes over memory.
        case normalization(@Sendable (NetworkCapacity, Rectifier?) -> BatchNormLayer)
        /// Nothing is computed: the output is another name for the input's values.
        case alias
    }
}

extension LayerPlan {
    /// The plan of a layer that computes one position, for all positions of a sequence.
    func forEachPosition(of sequence: TensorShape) -> LayerPlan {
        let positions = sequence.positions
        let remembered = rememberedBytes
        return LayerPlan(
            summary: summary,
            output: Boundary(
                shape: TensorShape([positions, output.shape.count]), flattened: nil, field: output.field,
                measuredImages: output.measuredImages),
            operations: operations * positions, scratchCount: scratchCount, workspaceCount: workspaceCount,
            rememberedBytes: { remembered($0.ofPositions(positions)) }, memory: memory,
            matrixProducts: matrixProducts, samplesPerProduct: samplesPerProduct, fusion: fusion,
            countsDeadUnits: countsDeadUnits, flattensImage: flattensImage,
            inputPreparation: inputPreparation, computation: computation.forEachPosition(positions))
    }
}

extension LayerPlan.Computation {
    fileprivate func forEachPosition(_ positions: Int) -> Self {
        switch self {
        case .layer(let make): .layer { make($0.ofPositions(positions)) }
        case .join(let make): .join { make($0.ofPositions(positions)) }
        case .normalization(let make): .normalization { make($0.ofPositions(positions), $1) }
        case .alias: .alias
        }
    }
}

/// A layer's input or output: what lies between two layers.
struct Boundary: Sendable {
    let shape: TensorShape
    /// The image's shape before a flatten, if the values still lie in memory's order (`FlattenedInput`).
    let flattened: TensorShape?
    let field: ReceptiveField
    /// Images in one forward task of the layer that writes the values, if that task can measure them for a
    /// batch norm (`TileMoments`); nil if it cannot.
    let measuredImages: Int?
}

/// The most that a network computes at once.
struct NetworkCapacity: Sendable {
    /// Local microbatches.
    let microbatches: Int
    /// Samples of a microbatch.
    let rows: Int
    let purpose: Network.Purpose
    /// True if passes may continue sequences (`SequenceRows.past`): layers then keep what later positions of
    /// each sample need.
    var continuesSequences = false
    /// Positions of a sequence in one pass, at most.
    var mostPositions = Int.max

    var trains: Bool { purpose == .training }

    /// The same for a layer whose rows are positions, of which a sample has so many.
    func ofPositions(_ positions: Int) -> NetworkCapacity {
        NetworkCapacity(
            microbatches: microbatches, rows: rows * min(positions, mostPositions), purpose: purpose,
            continuesSequences: continuesSequences)
    }

    /// True if parameters and running statistics never change: what follows from them is computed once.
    var keepsWeights: Bool { purpose == .inference }
}

/// Numbers of samples for which a network is run.
struct PassSizes: Sendable {
    /// Samples of a training microbatch: all distinct sizes, ascending.
    let microbatches: [Int]
    /// Samples of an evaluation's chunk.
    let chunk: Int
}

/// The values that a layer reads backward and the memory that it may write over: `MemoryPlan` shares memory
/// by it.
struct MemoryUse: Equatable, Sendable {
    /// Values of the forward pass.
    struct Values: OptionSet, Sendable {
        let rawValue: Int
        /// The (first) input's values.
        static let input = Values(rawValue: 1)
        static let output = Values(rawValue: 2)
    }

    /// Which gradient of an input may be written over the output's gradient.
    enum GradientReuse: Sendable { case never, firstWritten, lastWritten }

    /// The values of the forward pass that the backward pass reads.
    let backwardReads: Values
    /// Inputs, by position, over which a training network may write the output: the layer reads each value
    /// before it writes in its place.
    let overwritesInTraining: [Int]
    /// The same in a network that only evaluates.
    let overwritesInEvaluation: [Int]
    let gradientReuse: GradientReuse

    /// A layer that writes its output and its input's gradient to memory of their own.
    static func separate(backwardReads: Values) -> MemoryUse {
        MemoryUse(
            backwardReads: backwardReads, overwritesInTraining: [], overwritesInEvaluation: [],
            gradientReuse: .never)
    }

    /// A layer with one input that may write the output over the input, and dx over dy.
    static func inPlace(backwardReads: Values) -> MemoryUse {
        MemoryUse(
            backwardReads: backwardReads, overwritesInTraining: [0], overwritesInEvaluation: [0],
            gradientReuse: .firstWritten)
    }
}

/// The part that a layer can play in a node of several layers (`NetworkGraph`).
enum FusionRole: Sendable {
    case none
    /// The first layer of such a node. The function gives the memory use of a node with this rectifier, and
    /// with or without a shortcut that is added before it.
    case normalization(memory: @Sendable (_ rectifier: Rectifier?, _ hasShortcut: Bool) -> MemoryUse)
    /// The sum of two inputs.
    case sum
    case rectifier(Rectifier)

    var isNormalization: Bool { if case .normalization = self { true } else { false } }
    var isSum: Bool { if case .sum = self { true } else { false } }
    var rectifier: Rectifier? { if case .rectifier(let rectifier) = self { rectifier } else { nil } }
}
