import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import Testing
import Training

/// Trainings with rules that decide during the run. Members and interruptions change nothing.
@Suite(.serialized) struct CourseTests {
    private func training(_ change: (inout Job) -> Void) throws -> LocalTraining {
        var job = ExactnessTests.job(
            batch: 300, microbatches: 5, optimizer: .gradientDescent(learningRate: 0.5, momentum: 0))
        job.epochs = 30
        job.earlyStopping = EarlyStopping(
            monitor: MetricMonitor(.validation, "accuracy", .max), patience: 2, minimumDelta: 0.002)
        job.checkpoint.best = MetricMonitor(.validation, "accuracy", .max)
        job.data.test = .digits
        change(&job)
        let data = try DecodedData(reading: job.data)
        return LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
    }

    @Test func stopsAtTheSameStepForAnyMembers() throws {
        let training = try training { _ in }
        let quiet = try training.run(members: 1, lanes: 1)
        #expect(quiet.snapshot.step < training.plan.totalSteps, "the job is made so that it stops early")
        #expect(quiet.snapshot.step % training.plan.geometry.stepsPerEpoch == 0)
        #expect(quiet.decisions[quiet.snapshot.step]?.stops == true)
        #expect(quiet.evaluations[.test] != nil, "the test set is evaluated where the job ends")
        for members in [3, 5] {
            let result = try training.run(members: members, lanes: 1)
            #expect(result.snapshot == quiet.snapshot, "members \(members)")
            #expect(result.decisions == quiet.decisions)
            #expect(result.evaluations == quiet.evaluations)
        }
    }

    /// The training is interrupted at the end of every epoch, where it decides again, and between.
    @Test func resumesDecideTheSame() throws {
        let training = try training { _ in }
        let quiet = try training.run(members: 1, lanes: 1)
        for stride in [training.plan.geometry.stepsPerEpoch, 7] {
            var (snapshot, decisions) = (Snapshot?.none, [Int: Decision]())
            while (snapshot?.step ?? 0) < quiet.snapshot.step {
                let result = try training.run(
                    members: 2, lanes: 1, from: snapshot,
                    stopAfter: min(quiet.snapshot.step, (snapshot?.step ?? 0) + stride))
                for (step, decision) in result.decisions {
                    #expect(decisions[step] == nil || decisions[step] == decision, "step \(step)")
                    decisions[step] = decision
                }
                snapshot = result.snapshot
            }
            #expect(snapshot == quiet.snapshot)
            #expect(decisions == quiet.decisions)
        }
    }

    /// Every snapshot has the current factor of the learning rate. After an interruption between two
    /// evaluations the rate stays as low as it was.
    @Test func plateausSurviveInterruptions() throws {
        let training = try training {
            ($0.earlyStopping, $0.epochs) = (nil, 6)
            $0.optimization.schedule = Schedule(
                .reduceOnPlateau(PlateauPolicy(factor: 0.5, patience: 0, threshold: 0.5)))
        }
        let quiet = try training.run(members: 1, lanes: 1)
        #expect(quiet.snapshot.decisions.factor < 0.5, "the rate has fallen")
        for members in [3, 5] {
            #expect(try training.run(members: members, lanes: 1).snapshot == quiet.snapshot)
        }
        var snapshot: Snapshot?
        while (snapshot?.step ?? 0) < training.plan.totalSteps {
            snapshot = try training.run(
                members: 2, lanes: 1, from: snapshot, stopAfter: (snapshot?.step ?? 0) + 4
            ).snapshot
        }
        #expect(snapshot == quiet.snapshot)
    }

    /// Rules may use metrics of the training data alone.
    @Test func withoutValidation() throws {
        let training = try training {
            ($0.data.validation, $0.data.test, $0.checkpoint.best) = (nil, nil, nil)
            $0.earlyStopping = EarlyStopping(
                monitor: MetricMonitor(.train, "loss", .min), patience: 1, minimumDelta: 0.2)
        }
        let quiet = try training.run(members: 1, lanes: 1)
        #expect(quiet.snapshot.step < training.plan.totalSteps)
        #expect(try training.run(members: 3, lanes: 2).snapshot == quiet.snapshot)
    }

    @Test func monitorsThatCannotBe() throws {
        let data = DataFacts(
            sampleShape: [8, 8, 1], classCount: 10, trainCount: 100, validationCount: 0, testCount: 0)
        var job = ExactnessTests.job(batch: 10, microbatches: 2, optimizer: ExactnessTests.adam)
        job.earlyStopping = EarlyStopping(monitor: MetricMonitor(.validation, "loss", .min), patience: 2)
        #expect(throws: PlanError.self) { try TrainingPlan(job, data) }
        job.earlyStopping = EarlyStopping(monitor: MetricMonitor(.train, "nonsense", .min), patience: 2)
        #expect(throws: PlanError.self) { try TrainingPlan(job, data) }
    }
}
