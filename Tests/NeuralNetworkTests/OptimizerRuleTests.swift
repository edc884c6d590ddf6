import Kernels
import NeuralNetwork
import Testing

/// 25 updates of a weight and a bias with given gradients: PyTorch's, computed in double.
@Suite struct OptimizerRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let optimizer: Optimizer
        var penalty = Regularization()
        var clipping: GradientClipping?
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "sgd", optimizer: .gradientDescent(learningRate: 0.1)),
        Case(
            name: "sgd_l2", optimizer: .gradientDescent(learningRate: 0.1), penalty: Regularization(l2: 0.3)),
        Case(name: "momentum", optimizer: .gradientDescent(learningRate: 0.05, momentum: 0.9)),
        Case(
            name: "nesterov", optimizer: .gradientDescent(learningRate: 0.05, momentum: 0.8, nesterov: true)),
        Case(name: "adagrad", optimizer: .adagrad(learningRate: 0.1)),
        Case(name: "rmsprop", optimizer: .rmsprop(learningRate: 0.01, alpha: 0.9)),
        Case(name: "rmsprop_momentum", optimizer: .rmsprop(learningRate: 0.01, alpha: 0.9, momentum: 0.7)),
        Case(name: "rmsprop_centered", optimizer: .rmsprop(learningRate: 0.01, alpha: 0.9, centered: true)),
        Case(
            name: "rmsprop_everything",
            optimizer: .rmsprop(learningRate: 0.01, alpha: 0.9, momentum: 0.7, centered: true),
            penalty: Regularization(l2: 0.2)),
        Case(name: "adam", optimizer: .adam(learningRate: 0.02, beta1: 0.8, beta2: 0.99)),
        Case(name: "adam_l2", optimizer: .adam(learningRate: 0.02), penalty: Regularization(l2: 0.3)),
        Case(name: "adamw", optimizer: .adamW(learningRate: 0.02, weightDecay: 0.3, decayed: .weights)),
        Case(name: "adamw_all", optimizer: .adamW(learningRate: 0.02, weightDecay: 0.3)),
        Case(name: "clip_norm", optimizer: .gradientDescent(learningRate: 0.1), clipping: .globalNorm(2)),
        Case(name: "clip_value", optimizer: .gradientDescent(learningRate: 0.1), clipping: .value(0.5)),
    ]

    /// 33 weights from 0 on, 7 biases from 48 on.
    static let layout: ParameterLayout = {
        var layout = ParameterLayout()
        _ = layout.add("weight", role: .weight, storage: .vector(count: 33), initializer: .constant(0))
        _ = layout.add("bias", role: .bias, storage: .vector(count: 7), initializer: .constant(0))
        return layout
    }()

    @Test(arguments: cases) func twentyFiveUpdates(_ rule: Case) throws {
        let fixture = try Fixture("rules.txt", in: "optimizers")
        let gradients = try fixture["gradients"]
        var state = RuleState(rule.optimizer, Self.layout)
        state.parameters.pointer.update(from: try fixture["weight"], count: 33)
        (state.parameters.pointer + 48).update(from: try fixture["bias"], count: 7)
        for step in 0..<25 {
            for i in 0..<33 { state.gradient.pointer[i] = gradients[step * 40 + i] }
            for i in 0..<7 { state.gradient.pointer[48 + i] = gradients[step * 40 + 33 + i] }
            state.update(step, samples: 1, rule.penalty, rule.clipping)
        }
        let values = Array(state.parameters.elements)
        expectClose(Array(values[..<33]), try fixture["\(rule.name)/weight"], tolerance: 2e-6, "weight")
        expectClose(Array(values[48..<55]), try fixture["\(rule.name)/bias"], tolerance: 2e-6, "bias")
        #expect((Array(values[33..<48]) + values[55...]).allSatisfy { $0 == 0 }, "padding stays zero")
    }

    /// The proximal step of L1, against its closed form in double: what is smaller than the threshold becomes
    /// exactly 0.
    @Test(arguments: [0.0, 0.5]) func softThreshold(momentum: Double) {
        let (rate, l1) = (0.25, 0.5)
        let optimizer = Optimizer.gradientDescent(learningRate: rate, momentum: momentum)
        var state = RuleState(optimizer, Self.layout)
        for i in 0..<33 {
            (state.parameters.pointer[i], state.gradient.pointer[i]) = (Float(i - 16) / 16, Float(i % 5) - 2)
        }
        for i in 48..<55 { state.parameters.pointer[i] = 0.01 }
        let before = Array(state.parameters.elements)
        state.update(0, samples: 4, Regularization(l1: l1))
        let threshold = rate * l1 / (1 - momentum)
        for i in 0..<33 {
            let z = Double(before[i]) - rate * Double(i % 5 - 2) / 4
            let expected = abs(z) <= threshold ? 0 : z - (z < 0 ? -threshold : threshold)
            #expect(state.parameters.pointer[i] == Float(expected), "exact in binary fractions")
        }
        #expect(state.parameters.elements[..<33].contains(0))
        #expect(state.parameters.elements[48..<55].allSatisfy { $0 == 0.01 }, "biases are not regularised")
    }

    /// Adam's threshold is divided by its denominator.
    @Test func softThresholdOfAdam() {
        let optimizer = Optimizer.adam(learningRate: 0.1)
        var (state, plain) = (RuleState(optimizer, Self.layout), RuleState(optimizer, Self.layout))
        for i in 0..<33 {
            for parameters in [state.parameters, plain.parameters] {
                parameters.pointer[i] = Float(i - 16) / 32
            }
            for gradient in [state.gradient, plain.gradient] { gradient.pointer[i] = 0.25 + Float(i % 4) }
        }
        state.update(0, samples: 1, Regularization(l1: 0.3))
        plain.update(0, samples: 1, Regularization())
        for i in 0..<33 {
            // √v̂ of the first step is |g|.
            let threshold = 0.1 * 0.3 / (Double(plain.gradient.pointer[i]) + 1e-8)
            let z = Double(plain.parameters.pointer[i])
            let expected = abs(z) <= threshold ? 0 : z - (z < 0 ? -threshold : threshold)
            #expect(abs(Double(state.parameters.pointer[i]) - expected) < 1e-6)
        }
        #expect(state.parameters.elements[..<33].count { $0 == 0 } >= 3)
    }

    /// NaN is not clipped away: training must notice it.
    @Test func nothingHidesNaN() {
        var state = RuleState(.adamW(learningRate: 0.1), Self.layout)
        (state.parameters.pointer[3], state.gradient.pointer[4], state.gradient.pointer[50]) = (
            .nan, .nan, .nan
        )
        state.update(0, samples: 1, Regularization(l1: 10, l2: 1), .value(0.1))
        #expect([3, 4, 50].allSatisfy { state.parameters.pointer[$0].isNaN })
        #expect(GradientClipping.globalNorm(1).scale(norm: .nan) == 1)
    }

    @Test func runsOfTheTable() {
        var layout = ParameterLayout()
        for (i, role) in [ParameterTensor.Role.weight, .bias, .gain, .shift, .weight, .weight, .bias]
            .enumerated()
        {
            _ = layout.add(
                "t\(i)", role: role, storage: .vector(count: 20 * (i + 1)), initializer: .constant(0))
        }
        let table = UpdateTable(layout, isRegularized: true, decayed: .weights) { $0 == "t5" ? 0.5 : 1 }
        #expect(table.kinds.count == 3)
        func kind(at place: Int) -> UpdateTable.Kind? {
            layout.tensors.last { $0.range.lowerBound <= place }.map {
                UpdateTable.Kind(
                    isRegularized: $0.role == .weight, isDecayed: $0.role == .weight,
                    rateFactor: $0.name == "t5" ? 0.5 : 1)
            }
        }
        for (from, to) in [
            (0, layout.flatCount), (16, 32), (48, 160), (304, 320), (0, 16),
            (layout.flatCount - 16, layout.flatCount),
        ] {
            var next = from
            table.forEach(in: from..<to) { run, index in
                #expect(run.lowerBound == next && run.lowerBound.isMultiple(of: 16))
                #expect(run.allSatisfy { kind(at: $0) == table.kinds[index] })
                next = run.upperBound
            }
            #expect(next == to)
        }
        for decayed in [DecayedTensors?.none, .all] {
            #expect(UpdateTable(layout, isRegularized: false, decayed: decayed) { _ in 1 }.kinds.count == 1)
        }
    }
}

/// The vectors that an optimizer works on, for a test.
struct RuleState {
    let parameters: FloatBuffer
    let gradient: FloatBuffer
    private let moments: [FloatBuffer]
    private let optimizer: Optimizer
    private let table: UpdateTable
    private let layout: ParameterLayout

    init(_ optimizer: Optimizer, _ layout: ParameterLayout) {
        (self.optimizer, self.layout) = (optimizer, layout)
        let count = FlatVector.aligned(layout.usedCount)
        (parameters, gradient) = (FloatBuffer(count: count), FloatBuffer(count: count))
        moments = optimizer.momentNames.map { _ in FloatBuffer(count: count) }
        table = UpdateTable(layout, isRegularized: true, decayed: optimizer.decayedTensors) { _ in 1 }
    }

    mutating func update(
        _ step: Int, rate: Double? = nil, samples: Int, _ penalty: Regularization,
        _ clipping: GradientClipping? = nil
    ) {
        update(step, rate: rate, samples: samples, gradient.pointer, penalty, clipping)
    }

    mutating func update(
        _ step: Int, rate: Double? = nil, samples: Int, _ gradient: UnsafeMutablePointer<Float>,
        _ penalty: Regularization,
        _ clipping: GradientClipping? = nil
    ) {
        let norm = layout.tensors.flatMap(\.range).reduce(0.0) {
            $0 + Double(gradient[$1]) * Double(gradient[$1])
        }.squareRoot()
        let scale = (clipping?.scale(norm: norm / Double(samples)) ?? 1) / Double(samples)
        let limit = if case .value(let limit) = clipping { limit } else { Double.infinity }
        table.forEach(in: 0..<parameters.count) { run, kind in
            let scalars = optimizer.scalars(
                step: step + 1, rate: rate, scale: Float(scale),
                penalty: table.kinds[kind].isRegularized ? penalty : nil,
                isDecayed: table.kinds[kind].isDecayed, limit: limit)
            optimizer.update(
                parameters.pointer + run.lowerBound, gradient: gradient + run.lowerBound,
                moments: { moments[$0].pointer + run.lowerBound }, count: run.count, scalars)
        }
    }
}
