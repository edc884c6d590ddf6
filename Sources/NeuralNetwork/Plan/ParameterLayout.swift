import Kernels

/// One parameter tensor: a named range of the flat vectors.
package struct ParameterTensor: Equatable, Sendable {
    package enum Role: Sendable {
        case weight, bias, gain, shift
    }

    /// The name in files, PyTorch's: `dense1.weight`.
    package let name: String
    package let role: Role
    /// The layout of the values in files and in memory.
    package let storage: TensorStorage
    package let initializer: TensorInitializer
    /// The tensor's number among all tensors, by which random values are drawn.
    package let number: Int
    /// The range of the values in a flat vector, from a multiple of 16 on.
    package let range: Range<Int>
}

/// A constant, or random values for a tensor with these fans.
package enum TensorInitializer: Equatable, Sendable {
    case constant(Float)
    case random(Initializer, fanIn: Int, fanOut: Int)
}

/// One tensor that is measured and not trained (a running statistic of batch norm, centres, principal
/// components): a named range of the flat statistics vector, which belongs to the model.
package struct StatisticTensor: Equatable, Sendable {
    package let name: String
    /// The shape, in memory as in files.
    package let shape: [Int]
    /// The image whose values an axis counts, in memory as height, width, channels and in files as channels,
    /// height, width; nil for another axis, or where both are the same. As many as there are axes.
    package let images: [TensorShape?]
    package let initial: Float
    package let range: Range<Int>
    /// True for a frozen layer, whose batches are not counted.
    package let isFrozen: Bool
}

extension StatisticTensor {
    /// The values of the flat statistics in the order of files.
    package func toFile(_ statistics: [Float]) -> [Float] {
        guard let order = fileOrder else { return Array(statistics[range]) }
        var values = [Float](repeating: 0, count: range.count)
        for (index, place) in order.enumerated() { values[place] = statistics[range.lowerBound + index] }
        return values
    }

    /// Copies values in the order of files into the flat statistics.
    package func fromFile(_ values: [Float], into statistics: inout [Float]) {
        guard let order = fileOrder else { return statistics.replaceSubrange(range, with: values) }
        for (index, place) in order.enumerated() { statistics[range.lowerBound + index] = values[place] }
    }

    /// The index in files of each value in memory; nil if both orders are the same.
    private var fileOrder: [Int]? {
        guard images.contains(where: { $0 != nil }) else { return nil }
        return zip(shape, images).reduce(into: [0]) { order, axis in
            let (length, image) = axis
            let places = (0..<length).map { index in
                image.map { index % $0.channels * $0.positions + index / $0.channels } ?? index
            }
            order = order.flatMap { before in places.map { before * length + $0 } }
        }
    }
}

/// Every parameter and running statistic of a network, in the order of its layers.
///
/// The vector of parameters has two regions. In front are the trained tensors: gradients, moments, pieces and
/// shards cover these alone. Frozen tensors lie behind `flatCount`.
package struct ParameterLayout: Equatable, Sendable {
    /// The trained tensors.
    package private(set) var tensors: [ParameterTensor] = []
    package private(set) var frozen: [ParameterTensor] = []
    package private(set) var statistics: [StatisticTensor] = []
    /// The ranges of trained tables of which a step looks up some rows alone: their gradient is zero in all
    /// other rows. With their padding.
    package private(set) var sparse: [Range<Int>] = []
    /// Floats from the start of a flat vector that hold tensors (with their padding).
    package private(set) var usedCount = 0
    package private(set) var statisticsCount = 0
    /// True if tensors that are added now are frozen.
    package var isFreezing = false
    private let frozenStart: Int
    private var frozenCount = 0

    /// - Parameter frozenStart: `flatCount` of the trained tensors, if there are frozen ones.
    package init(frozenStart: Int = 0) { self.frozenStart = frozenStart }

    /// Floats of a flat vector: 64 equal shards.
    package var flatCount: Int { shardSize * FlatVector.shardCount }
    package var shardSize: Int { FlatVector.shardSize(for: usedCount) }
    /// Floats of the vector of parameters: a flat vector and the frozen tensors behind it.
    package var parameterSpace: Int { flatCount + frozenCount }
    /// Floats of it from the start that hold any tensor.
    package var occupiedSpace: Int { frozenCount == 0 ? usedCount : parameterSpace }
    /// All tensors in the order of the layers.
    package var allTensors: [ParameterTensor] {
        frozen.isEmpty ? tensors : (tensors + frozen).sorted { $0.number < $1.number }
    }
    package var frozenParameterCount: Int { frozen.reduce(0) { $0 + $1.range.count } }
    /// Trained values, padding not counted.
    package var parameterCount: Int { tensors.reduce(0) { $0 + $1.range.count } }

    /// Appends a tensor, and returns its first index.
    package mutating func add(
        _ name: String, role: ParameterTensor.Role, storage: TensorStorage, initializer: TensorInitializer
    ) -> Int {
        let start = isFreezing ? frozenStart + frozenCount : usedCount
        let range = start..<(start + storage.count)
        let tensor = ParameterTensor(
            name: name, role: role, storage: storage, initializer: initializer,
            number: tensors.count + frozen.count, range: range)
        if isFreezing {
            frozen.append(tensor)
            frozenCount += FlatVector.aligned(range.count)
        } else {
            tensors.append(tensor)
            usedCount += FlatVector.aligned(range.count)
        }
        return start
    }

    /// Says that the gradient of the trained tensor that begins at `start` is zero in most rows.
    mutating func markSparse(_ start: Int) {
        guard let tensor = tensors.first(where: { $0.range.lowerBound == start }) else { return }
        sparse.append(start..<(start + FlatVector.aligned(tensor.range.count)))
    }

    /// Says that the tensor that begins at `start` has a gradient in all rows after all.
    mutating func markDense(_ start: Int) { sparse.removeAll { $0.lowerBound == start } }

    /// Appends a running statistic, and returns its first index.
    package mutating func addStatistic(_ name: String, count: Int, initial: Float) -> Int {
        addStatistic(name, shape: [count], initial: initial)
    }

    /// Appends a running statistic, and returns its first index.
    ///
    /// - Parameter images: for each axis the shape of the samples whose values it counts; nil for an axis
    ///   that counts something else. Empty: no axis counts values of a sample.
    package mutating func addStatistic(
        _ name: String, shape: [Int], images: [TensorShape?] = [], initial: Float
    ) -> Int {
        let (start, count) = (statisticsCount, shape.reduce(1, *))
        statistics.append(
            StatisticTensor(
                name: name, shape: shape,
                images: shape.indices.map { axis in
                    images.indices.contains(axis) ? images[axis].flatMap { $0.hasTwoOrders ? $0 : nil } : nil
                },
                initial: initial, range: start..<(start + count),
                isFrozen: isFreezing))
        statisticsCount += FlatVector.aligned(count)
        return start
    }

    /// Writes every tensor's initial values into a flat vector: a pure function of the seed.
    package func initialize(_ parameters: UnsafeMutablePointer<Float>, seed: UInt64) {
        for tensor in allTensors {
            let values = parameters + tensor.range.lowerBound
            switch tensor.initializer {
            case .constant(let value):
                for i in 0..<tensor.range.count { values[i] = value }
            case .random(let initializer, let fanIn, let fanOut):
                initializer.fill(
                    values, storage: tensor.storage, fanIn: fanIn, fanOut: fanOut, seed: seed,
                    tensor: tensor.number)
            }
        }
    }

    package func initializeStatistics(_ values: UnsafeMutablePointer<Float>) {
        for tensor in statistics {
            for i in tensor.range { values[i] = tensor.initial }
        }
    }
}
