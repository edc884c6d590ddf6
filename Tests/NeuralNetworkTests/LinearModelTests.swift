import Kernels
import NeuralNetwork
import Testing

/// One-layer models with a known minimum: scikit-learn's coefficients for the same objective.
///
/// scikit-learn halves the squared error and divides by the samples (lasso, elastic net) or does not (ridge);
/// logistic regression weighs the loss, not the penalty. So: lasso's and elastic net's alpha counts twice
/// here, ridge's is l2 = 2 alpha/n, and logistic regression's C is l2 = 1/(C n).
@Suite struct LinearModelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let penalty: Regularization
        let optimizer: Optimizer
        var testDescription: String { "\(name), \(optimizer)" }
    }

    private static let lasso = Regularization(l1: 2 * 2.0)
    private static let descent = Optimizer.gradientDescent(learningRate: 0.2)
    static let cases = [
        Case(name: "lasso", penalty: lasso, optimizer: descent),
        Case(name: "lasso", penalty: lasso, optimizer: .gradientDescent(learningRate: 0.03, momentum: 0.9)),
        Case(
            name: "lasso", penalty: lasso,
            optimizer: .gradientDescent(learningRate: 0.03, momentum: 0.9, nesterov: true)),
        Case(name: "lasso", penalty: lasso, optimizer: .adam(learningRate: 0.5)),
        Case(name: "lasso", penalty: lasso, optimizer: .adagrad(learningRate: 3)),
        Case(name: "lasso", penalty: lasso, optimizer: .rmsprop(learningRate: 0.1)),
        Case(name: "elastic_net", penalty: Regularization(alpha: 2 * 1.0, l1Ratio: 0.8), optimizer: descent),
        Case(name: "ridge", penalty: Regularization(l2: 2 * 30.0 / 442), optimizer: descent),
    ]

    /// Batch descent on the diabetes data; the adaptive rules with a cosine schedule, since they do not come
    /// to rest at a constant rate.
    @Test(arguments: cases) func diabetes(_ model: Case) throws {
        let fixture = try Fixture("linear.txt", in: "optimizers")
        let (x, y) = (try fixture["diabetes/x"], try fixture["diabetes/y"])
        var layout = ParameterLayout()
        _ = layout.add("w", role: .weight, storage: .vector(count: 10), initializer: .constant(0))
        var state = RuleState(model.optimizer, layout)
        let isAdaptive = if case .gradientDescent = model.optimizer { false } else { true }
        let schedule = Schedule(isAdaptive ? .cosine(minimum: 0, over: nil) : .constant)
        let steps = 5000
        for step in 0..<steps {
            squaredErrorGradient(x, y, state.parameters.pointer, into: state.gradient.pointer)
            let rate = schedule.learningRate(
                model.optimizer.learningRate, step: step, totalSteps: steps, stepsPerEpoch: 1)
            state.update(step, rate: rate, samples: 442, model.penalty)
        }
        let expected = try fixture["diabetes/\(model.name)"]
        let largest = expected.map { abs($0) }.max() ?? 0
        let found = Array(state.parameters.elements[..<10])
        expectClose(found, expected, tolerance: 1e-3 * Double(largest), model.name)
        if model.name == "lasso" {
            #expect(expected.contains(0))
            #expect(found.map { $0 == 0 } == expected.map { $0 == 0 }, "the same zero set")
        }
    }

    /// The gradient of Σ (xw − y)².
    private func squaredErrorGradient(
        _ x: [Float], _ y: [Float], _ w: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>
    ) {
        var sums = [Double](repeating: 0, count: 10)
        for row in 0..<442 {
            var error = -Double(y[row])
            for c in 0..<10 { error += Double(x[row * 10 + c]) * Double(w[c]) }
            for c in 0..<10 { sums[c] += 2 * error * Double(x[row * 10 + c]) }
        }
        for c in 0..<10 { gradient[c] = Float(sums[c]) }
    }

    /// Logistic regression as a softmax of two classes: its weights share the penalty, half of the
    /// coefficient each, so l2 is twice that of one output.
    @Test func breastCancer() throws {
        let fixture = try Fixture("linear.txt", in: "optimizers")
        let bench = try NetworkBench(
            [NamedLayer("head", .dense(units: 2, bias: true, initializer: .zeros))], input: TensorShape([30]),
            loss: .crossEntropy,
            sizes: [569])
        bench.load(try fixture["cancer/x"], labels: try fixture["cancer/labels"].map { Int($0) })
        var state = RuleState(
            .gradientDescent(learningRate: 0.05, momentum: 0.95, nesterov: true), bench.plan.layout)
        for step in 0..<3000 {
            bench.parameters.pointer.update(from: state.parameters.pointer, count: state.parameters.count)
            try bench.step()
            state.update(step, samples: 569, bench.gradient, Regularization(l2: 2 * 1.0 / 569))
        }
        let weights = bench.tensor("head.weight", of: state.parameters.pointer)
        let coefficients = (0..<30).map { weights[30 + $0] - weights[$0] }
        let expected = try fixture["cancer/coefficients"]
        expectClose(
            coefficients, expected, tolerance: 1e-2 * Double(expected.map { abs($0) }.max() ?? 0),
            "coefficients")
        let bias = bench.tensor("head.bias", of: state.parameters.pointer)
        expectClose([bias[1] - bias[0]], try fixture["cancer/intercept"], tolerance: 1e-2, "intercept")
    }
}
