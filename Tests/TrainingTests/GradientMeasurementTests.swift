import Checkpoints
import Datasets
import Jobs
import Kernels
import NeuralNetwork
import Testing
import Training

/// Clipping by the global norm, L1, learning rates of single layers, norms of gradients, and dead units. They
/// are the same for any number of members, and correct.
@Suite(.serialized) struct GradientMeasurementTests {
    static func job(optimizer: Optimizer, batch: Int?, _ change: (inout Job) -> Void = { _ in }) -> Job {
        var job = Job(
            name: "measured", seed: 7,
            data: DataSpec(train: .digits, validation: .digits, normalization: .none),
            layers: [
                NamedLayer("flatten", .flatten),
                NamedLayer("dense1", .dense(units: 40, bias: true, initializer: .heNormal)),
                NamedLayer("relu1", .activation(.relu)),
                NamedLayer("dense2", .dense(units: 24, bias: false, initializer: .heNormal)),
                NamedLayer("bn2", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("relu2", .activation(.relu)),
                NamedLayer("head", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy, optimizer: optimizer, batchSize: batch, microbatches: 6, epochs: 1,
            logEvery: 3)
        change(&job)
        return job
    }

    private static func training(_ job: Job) throws -> LocalTraining {
        let data = try DecodedData(reading: job.data)
        return LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
    }

    static let variations: [(Bool, Bool)] = [(true, true), (false, true), (true, false)]

    @Test(arguments: variations) func membersAndLanes(isClipped: Bool, isLogged: Bool) throws {
        let training = try Self.training(
            Self.job(optimizer: .adamW(learningRate: 1e-2), batch: 97) { job in
                job.optimization.clipping = isClipped ? .globalNorm(0.5) : nil
                job.optimization.logsGradients = isLogged
                job.optimization.regularization = Regularization(l1: 1e-3, l2: 1e-3)
                job.optimization.rateFactors = [.init("dense", 0.5), .init("dense2", 2)]
                job.optimization.schedule = Schedule(.cosine(minimum: 0, over: nil), warmupSteps: 4)
            })
        let quiet = try training.run(members: 1, lanes: 1)
        #expect(quiet.diagnostics.keys.sorted() == (isLogged ? [2, 5, 8, 11, 14] : []))
        #expect(quiet.snapshot.parameters.contains(0))
        for (members, lanes) in [(1, 2), (3, 1), (5, 2), (70, 1)] {
            let result = try training.run(members: members, lanes: lanes)
            #expect(result.snapshot == quiet.snapshot, "\(members) members")
            #expect(result.reports == quiet.reports)
            #expect(result.diagnostics == quiet.diagnostics)
            #expect(result.evaluations == quiet.evaluations)
        }
        // Continuing from the middle gives the same lines again.
        let half = try training.run(members: 2, lanes: 1, stopAfter: 7)
        let rest = try training.run(members: 3, lanes: 1, from: half.snapshot)
        #expect(rest.snapshot == quiet.snapshot)
        #expect(rest.diagnostics == quiet.diagnostics.filter { $0.key >= 7 })
    }

    /// A step of plain gradient descent with rate 1 subtracts the mean gradient. Its norms must be the logged
    /// ones, and clipping must shrink it to the given norm.
    @Test func normsAreThoseOfTheGradient() throws {
        func change(_ clipping: GradientClipping?) throws -> (
            change: [Double], plan: TrainingPlan, diagnostics: [Double]
        ) {
            let training = try Self.training(
                Self.job(optimizer: .gradientDescent(learningRate: 1), batch: nil) { job in
                    job.maxSteps = 1
                    job.optimization.logsGradients = true
                    job.optimization.clipping = clipping
                })
            let start = Snapshot(initial: training.plan.network.layout, moments: 0, seed: 7)
            let end = try training.run(members: 3, lanes: 1)
            let change = zip(start.parameters, end.snapshot.parameters).map { Double($0) - Double($1) }
            return (change, training.plan, try #require(end.diagnostics[0]))
        }
        func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let (gradient, plan, diagnostics) = try change(nil)
        let named = plan.named(diagnostics)
        #expect(named.gradients.map(\.name) == ["dense1.weight", "dense2.weight", "head.weight"])
        for (name, norms) in named.gradients {
            let tensor = try #require(plan.network.layout.tensors.first { $0.name == name })
            let values = gradient[tensor.range].map { abs($0) }
            let expected = [values.reduce(0, +), norm(values), values.max() ?? 0]
            for (a, b) in zip(norms, expected) {
                #expect(abs(a - b) <= 1e-4 * b, "\(name): \(norms), \(expected)")
            }
        }
        let clipped = try change(.globalNorm(0.25))
        #expect(norm(gradient) > 1)
        #expect(abs(norm(clipped.change) - 0.25) < 1e-5)
        #expect(clipped.diagnostics == diagnostics, "norms are those before clipping")
    }

    /// The number of units in the first layer that return 0 for every sample, counted directly.
    @Test func deadUnitsAreCounted() throws {
        let training = try Self.training(
            Self.job(optimizer: .adam(learningRate: 0.01), batch: nil) { job in
                (job.maxSteps, job.optimization.logsGradients) = (1, true)
            })
        let result = try training.run(members: 2, lanes: 1)
        let fractions = training.plan.named(try #require(result.diagnostics[0])).deadUnits
        #expect(fractions.map(\.name) == ["relu1", "relu2"])
        let start = Snapshot(initial: training.plan.network.layout, moments: 0, seed: 7)
        let weight = try #require(training.plan.network.layout.tensors.first { $0.name == "dense1.weight" })
        let train = training.data.train
        let pixels = FloatBuffer(count: train.count * 64)
        train.gather(
            Array(0..<train.count)[...], normalization: training.data.normalization, into: pixels.pointer)
        let dead = (0..<40).count { unit in
            (0..<train.count).allSatisfy { sample in
                (0..<64).reduce(0.0) {
                    $0 + Double(pixels.pointer[sample * 64 + $1])
                        * Double(start.parameters[weight.range.lowerBound + $1 * 40 + unit])
                } <= 0
            }
        }
        #expect(dead > 0 && dead < 40)
        #expect(fractions[0].fraction == Double(dead) / 40)
    }

    @Test func anEntryAboutNothing() throws {
        let job = Self.job(optimizer: .adam(learningRate: 0.01), batch: nil) {
            $0.optimization.rateFactors = [.init("layer1.", 2)]
        }
        let error = #expect(throws: PlanError.self) { _ = try Self.training(job) }
        #expect(
            error?.description.contains("`layer1.`") == true
                && error?.description.contains("dense1.weight, dense1.bias") == true)
    }

    /// The penalty l1·‖w‖₁ + l2/2·‖w‖², over weights only.
    @Test func penalty() throws {
        let plan = try Self.training(Self.job(optimizer: .adam(learningRate: 0.01), batch: nil)).plan
        let parameters = Snapshot(initial: plan.network.layout, moments: 0, seed: 7).parameters
        let weights = plan.network.layout.tensors.filter { $0.role == .weight }.flatMap {
            parameters[$0.range].map { Double($0) }
        }
        let expected = 0.3 * weights.reduce(0) { $0 + abs($1) } + 0.1 * weights.reduce(0) { $0 + $1 * $1 }
        let penalty = Regularization(l1: 0.3, l2: 0.2).penalty(of: parameters, plan.network.layout)
        #expect(abs(penalty - expected) < 1e-9 * expected)
    }
}
