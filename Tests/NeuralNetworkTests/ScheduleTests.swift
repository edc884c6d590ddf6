import NeuralNetwork
import Testing

/// Learning rates against those of PyTorch's schedulers.
@Suite struct ScheduleTests {
    static let cases: [(String, Schedule)] = [
        ("step", Schedule(.step(every: 7, unit: .epochs, factor: 0.3))),
        ("step", Schedule(.step(every: 21, unit: .steps, factor: 0.3))),
        ("multi_step", Schedule(.multiStep(milestones: [3, 4, 20], unit: .epochs, factor: 0.5))),
        ("exponential", Schedule(.exponential(factor: 0.9, unit: .epochs))),
    ]

    /// Three steps in each epoch.
    @Test(arguments: cases) func byEpochs(name: String, schedule: Schedule) throws {
        let expected = try Fixture("schedules.txt", in: "optimizers")[name]
        let rates = (0..<120).map { schedule.learningRate(0.2, step: $0, totalSteps: 120, stepsPerEpoch: 3) }
        expectClose(rates.map { Float($0) }, expected.flatMap { [$0, $0, $0] }, tolerance: 1e-7, name)
    }

    static let stepwise: [(String, Schedule)] = [
        ("exponential", Schedule(.exponential(factor: 0.9, unit: .steps))),
        ("cosine", Schedule(.cosine(minimum: 0.001, over: nil))),
        ("cosine", Schedule(.cosine(minimum: 0.001, over: 40))),
        ("warmup", Schedule(.constant, warmupSteps: 10)),
        ("warmup_cosine", Schedule(.cosine(minimum: 0.001, over: nil), warmupSteps: 10)),
    ]

    @Test(arguments: stepwise) func bySteps(name: String, schedule: Schedule) throws {
        let expected = try Fixture("schedules.txt", in: "optimizers")[name]
        let rates = (0..<40).map { schedule.learningRate(0.2, step: $0, totalSteps: 40, stepsPerEpoch: 7) }
        expectClose(rates.map { Float($0) }, expected, tolerance: 1e-7, name)
        #expect(
            schedule.learningRate(0.2, step: 5, totalSteps: 40, stepsPerEpoch: 7, factor: 0.25) == rates[5]
                / 4)
    }

    @Test func cosineStaysAtItsMinimum() {
        let schedule = Schedule(.cosine(minimum: 0.01, over: 10), warmupSteps: 20)
        #expect(schedule.learningRate(1, step: 19, totalSteps: 100, stepsPerEpoch: 5) == 1)
        #expect(schedule.learningRate(1, step: 50, totalSteps: 100, stepsPerEpoch: 5) == 0.01)
    }

    static let plateaus = [
        ("plateau_min", PlateauPolicy(factor: 0.3, patience: 2, threshold: 1e-2)),
        ("plateau_max", PlateauPolicy(higherIsBetter: true, factor: 0.5, patience: 0, threshold: 1e-3)),
        ("plateau_floor", PlateauPolicy(factor: 0.1, patience: 1, minimumLearningRate: 0.003)),
    ]

    @Test(arguments: plateaus) func plateau(name: String, policy: PlateauPolicy) throws {
        let fixture = try Fixture("schedules.txt", in: "optimizers")
        var rule = PlateauRule(policy, learningRate: 0.2)
        let rates = try fixture["\(name)/values"].map { Float(0.2 * rule.observe(Double($0))) }
        expectClose(rates, try fixture["\(name)/rates"], tolerance: 1e-7, name)
        #expect(Set(rates).count > 2)
    }
}
