import Kernels
import NeuralNetwork
import Testing

/// 25 updates of four tensors with given gradients: weight decay on chosen tensors, and the running average,
/// as PyTorch computes them with parameter groups and with `AveragedModel`.
@Suite struct ParameterGroupTests {
    /// `table` is a matrix by its shape and no weight by its role.
    static let layout: ParameterLayout = {
        var layout = ParameterLayout()
        func add(_ name: String, _ role: ParameterTensor.Role, _ storage: TensorStorage) {
            _ = layout.add(name, role: role, storage: storage, initializer: .constant(0))
        }
        add("dense", .weight, .dense(inputs: 7, outputs: 5, flattened: nil))
        add("table", .shift, .dense(inputs: 4, outputs: 6, flattened: nil))
        add("gain", .gain, .vector(count: 20))
        add("bias", .bias, .vector(count: 7))
        return layout
    }()

    private let fixture: Fixture

    init() throws { fixture = try Fixture("groups.txt", in: "optimizers") }

    @Test(arguments: [DecayedTensors.matrices, .weights]) func decaysChosenTensors(_ decayed: DecayedTensors)
        throws
    {
        let optimizer = Optimizer.adamW(
            learningRate: 0.02, beta1: 0.9, beta2: 0.95, weightDecay: 0.3, decayed: decayed)
        var state = try start(optimizer)
        for step in 0..<25 {
            try loadGradients(step, into: state)
            state.update(step, samples: 1, Regularization())
        }
        for tensor in Self.layout.tensors {
            expectClose(
                fileValues(tensor, state.parameters),
                try fixture["\(decayed.rawValue)/\(tensor.name)"], tolerance: 2e-6, tensor.name)
        }
    }

    /// A rate of 1/8 keeps the parameters of both programs the same, bit for bit; PyTorch may fuse its lerp.
    @Test(arguments: [false, true]) func averages(isWarmed: Bool) throws {
        let average = WeightAverage(decay: 0.9, isWarmed: isWarmed)
        var state = try start(.gradientDescent(learningRate: 0.125))
        let values = FloatBuffer(count: state.parameters.count)
        values.pointer.update(repeating: 7, count: values.count)
        for step in 0..<25 {
            try loadGradients(step, into: state)
            state.update(step, samples: 1, Regularization())
            OptimizerKernels.average(
                values.pointer, of: state.parameters.pointer, count: values.count,
                share: average.share(step: step))
            guard [1, 2, 3, 10, 25].contains(step + 1) else { continue }
            for tensor in Self.layout.tensors {
                let place = "\(step + 1)/\(tensor.name)"
                #expect(fileValues(tensor, state.parameters) == (try fixture["sgd/\(place)"]))
                expectClose(
                    fileValues(tensor, values),
                    try fixture["average/\(isWarmed ? "warm" : "plain")/\(place)"], tolerance: 3e-7, place)
            }
        }
    }

    @Test func sharesOfAStep() {
        let (plain, warm) = (WeightAverage(decay: 0.75, isWarmed: false), WeightAverage(decay: 0.75))
        #expect((0...2).map { plain.share(step: $0) } == [1, 0.25, 0.25])
        #expect((0...3).map { warm.share(step: $0) } == [1, 0.9, Float(1 - 2.0 / 11), 0.75])
        #expect(warm.share(step: 27) == 0.25 && warm.share(step: 1000) == 0.25)
    }

    /// A share of 1 copies exactly, whatever was there.
    @Test func firstAverageIsACopy() {
        let (average, w) = (FloatBuffer(count: 16), FloatBuffer(count: 16))
        for i in 0..<16 { (average.pointer[i], w.pointer[i]) = (Float(i) * 1e20, 1 / Float(i + 3)) }
        OptimizerKernels.average(average.pointer, of: w.pointer, count: 16, share: 1)
        #expect(Array(average.elements) == Array(w.elements))
    }

    private func start(_ optimizer: Optimizer) throws -> RuleState {
        let state = RuleState(optimizer, Self.layout)
        for tensor in Self.layout.tensors {
            tensor.storage.fromFile(
                try fixture["start/\(tensor.name)"], state.parameters.pointer + tensor.range.lowerBound)
        }
        return state
    }

    private func loadGradients(_ step: Int, into state: RuleState) throws {
        for tensor in Self.layout.tensors {
            let count = tensor.storage.count
            let values = Array(try fixture["gradients/\(tensor.name)"][(step * count)..<((step + 1) * count)])
            tensor.storage.fromFile(values, state.gradient.pointer + tensor.range.lowerBound)
        }
    }

    private func fileValues(_ tensor: ParameterTensor, _ flat: FloatBuffer) -> [Float] {
        var values = [Float](repeating: 0, count: tensor.storage.count)
        tensor.storage.toFile(flat.pointer + tensor.range.lowerBound, &values)
        return values
    }
}
