import Kernels

/// Gives the layers of a network their places in the flat vectors, and numbers to their exchanges.
struct TensorAllocator {
    private(set) var layout: ParameterLayout
    /// The statistics exchanges of one step, by number.
    private(set) var exchanges: [StatisticsOperation] = []

    init(_ layout: ParameterLayout) { self.layout = layout }

    /// True if tensors that are added now are not trained.
    var isFreezing: Bool {
        get { layout.isFreezing }
        set { layout.isFreezing = newValue }
    }

    /// Adds a random weight matrix, and returns its first index in the flat parameters.
    mutating func addWeight(
        _ layer: String, _ storage: TensorStorage, _ initializer: Initializer, fanIn: Int, fanOut: Int
    ) -> Int {
        layout.add(
            layer + ".weight", role: .weight, storage: storage,
            initializer: .random(initializer, fanIn: fanIn, fanOut: fanOut))
    }

    /// Adds a random table whose rows are looked up, and returns its first index in the flat parameters.
    mutating func addTable(
        _ layer: String, rows: Int, columns: Int, _ initializer: Initializer, fanIn: Int, fanOut: Int
    ) -> Int {
        let start = addWeight(
            layer, .table(rows: rows, columns: columns), initializer, fanIn: fanIn, fanOut: fanOut)
        if !isFreezing { layout.markSparse(start) }
        return start
    }

    /// Says that a head has the same table: all its rows have gradients.
    mutating func shareTable(_ start: Int) { layout.markDense(start) }

    /// Adds a random tensor with a name of its own, and returns its first index in the flat parameters.
    mutating func addTensor(
        _ name: String, role: ParameterTensor.Role, _ storage: TensorStorage, _ initializer: Initializer,
        fanIn: Int, fanOut: Int
    ) -> Int {
        layout.add(
            name, role: role, storage: storage,
            initializer: .random(initializer, fanIn: fanIn, fanOut: fanOut))
    }

    /// Adds a bias whose elements begin with one value, and returns its first index in the flat parameters.
    mutating func addBias(_ layer: String, count: Int, initial: Float = 0) -> Int {
        layout.add(
            layer + ".bias", role: .bias, storage: .vector(count: count), initializer: .constant(initial))
    }

    /// Adds the scale (ones) of a normalisation, and returns its first index in the flat parameters.
    mutating func addScale(_ layer: String, count: Int) -> Int {
        layout.add(
            layer + ".weight", role: .gain, storage: .vector(count: count), initializer: .constant(1))
    }

    /// Adds the shift (zeros) of a normalisation, and returns its first index in the flat parameters.
    mutating func addShift(_ layer: String, count: Int) -> Int {
        layout.add(
            layer + ".bias", role: .shift, storage: .vector(count: count), initializer: .constant(0))
    }

    /// Adds a running statistic, and returns its first index in the flat statistics.
    ///
    /// - Parameter images: see `ParameterLayout.addStatistic`.
    mutating func addStatistic(
        _ name: String, shape: [Int], images: [TensorShape?] = [], initial: Float
    ) -> Int {
        layout.addStatistic(name, shape: shape, images: images, initial: initial)
    }

    /// Numbers some exchanges one after the other, and returns the first number.
    mutating func addExchanges(_ operations: [StatisticsOperation]) -> Int {
        defer { exchanges += operations }
        return exchanges.count
    }
}
