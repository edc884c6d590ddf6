import Kernels
import NeuralNetwork
import Testing

/// Twenty updates of a small network with batch norm: the same parameters, losses and statistics as
/// PyTorch's.
@Suite struct PyTorchOptimizerTests {
    static let optimizers: [(String, Optimizer)] = [
        ("sgd", .gradientDescent(learningRate: 0.1, momentum: 0)),
        ("momentum", .gradientDescent(learningRate: 0.05, momentum: 0.9)),
        ("adam", .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)),
    ]

    private static let layers = [
        NamedLayer("dense1", .dense(units: 12, bias: false, initializer: .zeros)),
        NamedLayer("bn1", .batchNorm(momentum: 0.1, epsilon: 1e-5)), NamedLayer("relu1", .activation(.relu)),
        NamedLayer("dense2", .dense(units: 8, bias: true, initializer: .zeros)),
        NamedLayer("tanh2", .activation(.tanh)),
        NamedLayer("head", .dense(units: 3, bias: true, initializer: .zeros)),
        NamedLayer("softmax", .softmax),
    ]

    @Test(arguments: optimizers, [[18], [4, 5, 4, 5]])
    func twentySteps(_ named: (String, Optimizer), sizes: [Int]) throws {
        let (name, optimizer) = named
        let fixture = try Fixture("optimizers.txt")
        let bench = try NetworkBench(Self.layers, input: TensorShape([6]), loss: .crossEntropy, sizes: sizes)
        let tensors = bench.plan.layout.tensors
        for tensor in tensors { bench.setParameter(tensor.name, try fixture["\(name)/\(tensor.name)"]) }
        let count = bench.plan.layout.flatCount
        let moments = optimizer.momentNames.map { _ in FloatBuffer(count: count) }
        var losses: [Float] = []
        for step in 1...20 {
            let batch = try PyTorchLayerTests.batch(step - 1, fixture, name, bench)
            bench.load(batch.x, labels: batch.labels)
            losses.append(Float(try bench.step()))
            optimizer.update(
                bench.parameters.pointer, gradient: bench.gradient, moments: { moments[$0].pointer },
                count: count,
                optimizer.scalars(step: step, scale: 1 / Float(bench.batchSize)))
        }
        expectClose(losses, try fixture["\(name)/losses"], tolerance: 1e-5, "\(name): losses")
        for tensor in tensors {
            expectClose(
                bench.tensor(tensor.name, of: bench.parameters.pointer),
                try fixture["\(name)/trained/\(tensor.name)"],
                tolerance: 1e-5, "\(name): \(tensor.name)")
        }
        for statistic in bench.plan.layout.statistics {
            let expected = try fixture["\(name)/\(statistic.name)"]
            expectClose(
                bench.statistic(statistic.name), expected, tolerance: 1e-5, "\(name): \(statistic.name)")
        }
    }
}
