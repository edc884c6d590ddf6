import Checkpoints
import Cluster
import Collectives
import Jobs
import NeuralNetwork
import Platform
import Synchronization
import System
import Telemetry
import TestSupport
import Testing
import Training

/// The lines of `metrics.jsonl` that a run's progress leads to.
@Suite struct RunRecordTests {
    /// Collects events.
    private final class Events: EventSink {
        private let names = Mutex([String]())

        func receive(_ event: RunEvent, at time: Double, from source: String) {
            guard event.facts.name != "step_finished", event.facts.name != "evaluation_finished",
                event.facts.name != "snapshot_completed"
            else { return }
            let facts = event.facts
            let step = facts.fields.first { $0.name == "step" }.map { field in
                if case .integer(let step) = field.value { " \(step)" } else { "" }
            }
            names.withLock { $0.append(facts.name + (step ?? "")) }
        }

        func take() -> [String] {
            names.withLock { names in
                defer { names = [] }
                return names
            }
        }
    }

    /// A disk with so much room, beside a file that is really there.
    private final class Disk: Sendable {
        private let room: Mutex<Int>

        init(room: Int) { self.room = Mutex(room) }

        func set(_ bytes: Int) { room.withLock { $0 = bytes } }

        func write(_ bytes: [UInt8], to file: AppendFile) throws {
            try room.withLock { room in
                guard bytes.count <= room else { throw SystemError(cannot: "write", file.path, code: ENOSPC) }
                room -= bytes.count
                try file.append(bytes: bytes)
            }
        }
    }

    /// A run without members: reports go into its progress, and the effects into its record.
    private final class Bench {
        let plan: TrainingPlan
        var progress: RunProgress
        let record: RunRecord
        /// Everything that was recorded, by name and step.
        let events = Events()
        /// The bytes for which `metrics.jsonl` has room.
        let disk: Disk
        private let directory: TemporaryDirectory
        private var path: String { directory.file("metrics.jsonl") }

        /// 1,437 samples in batches of 500 are 3 steps per epoch, of which every second one is logged.
        init(isAudited: Bool = false, room: Int = 1 << 20, limit: Int = 1 << 20) throws {
            directory = try TemporaryDirectory()
            let disk = Disk(room: room)
            self.disk = disk
            let job = Job(
                name: "record", seed: 3, data: DataSpec(train: .digits, validation: .digits),
                layers: [
                    NamedLayer("a", .flatten),
                    NamedLayer("b", .dense(units: 10, bias: true, initializer: .xavierUniform)),
                ],
                loss: .crossEntropy, optimizer: .gradientDescent(learningRate: 0.25, momentum: 0),
                batchSize: 500, microbatches: 4, epochs: 2, logEvery: 2)
            plan = try TrainingPlan(job, DecodedData(reading: job.data).facts)
            progress = RunProgress(
                plan, from: Snapshot(initial: plan.network.layout, moments: 0, seed: 3), isAudited: isAudited)
            let log = Log(source: "coordinator", console: .silent)
            log.add(events)
            let file = try AppendFile(directory.file("metrics.jsonl"))
            let patient = PatientFile(file.path, limit: limit, write: { try disk.write($0, to: file) })
            record = RunRecord(
                plan: plan, metrics: try MetricsLog(patient, isExact: true), log: log, isAudited: isAudited)
            try begin()
        }

        func take(_ effects: [RunProgress.Effect]) throws {
            for effect in effects { try record.take(effect) }
        }

        func begin() throws {
            record.begin()
            try take(
                progress.begin(
                    Partition(
                        usedCount: plan.network.layout.usedCount,
                        owners: Partition.spreadOwners(
                            usedCount: plan.network.layout.usedCount, members: 1),
                        members: 1)))
        }

        func steps(_ steps: ClosedRange<Int>, loss: Double) throws {
            for step in steps {
                let samples = Double(plan.geometry.batchSize(ofStep: step - 1))
                let report = Totals(plan.trainReport, sums: [loss * samples, samples / 2, samples])
                try take(progress.stepDone(step, report))
            }
        }

        func evaluate(after done: Int, loss: Double) throws {
            let count = plan.facts.validationCount
            let reports = stride(from: 0, to: count, by: plan.chunkSize).flatMap { first in
                let samples = Double(min(plan.chunkSize, count - first))
                return [loss * samples, 0, samples]
            }
            try take(progress.evaluated(.validation, done: done, firstChunk: 0, reports: reports))
        }

        func snapshot(_ step: Int) throws {
            let count = plan.network.layout.usedCount
            let part = [Float](repeating: 0.5, count: progress.partition?.ownedCounts[0] ?? count)
            try part.withUnsafeBufferPointer {
                try take(progress.snapshotPart(step: step, rank: 0, offset: 0, $0))
            }
        }

        /// The lines without their end, which a clock measured.
        func lines() throws -> [String] {
            try File.readText(path, limit: 1 << 20).split(separator: "\n").map { line in
                line.split(separator: ",").filter { !$0.hasPrefix("\"seconds\":") }.joined(separator: ",")
            }
        }
    }

    private static let step2 =
        #"{"kind":"step","step":2,"epoch":1,"loss":1,"accuracy":0.5,"learning_rate":0.25"#
    private static let step3 =
        #"{"kind":"step","step":3,"epoch":1,"loss":1,"accuracy":0.5,"learning_rate":0.25"#
    private static let epoch1 =
        #"{"kind":"epoch","epoch":1,"step":3,"train":{"loss":1,"accuracy":0.5},"#
        + #""validation":{"loss":0.5,"accuracy":0}"#

    /// The file has one order, whatever comes late.
    @Test func linesStandInTheOrderOfTheJob() throws {
        let bench = try Bench()
        try bench.steps(1...5, loss: 1)
        #expect(try bench.lines() == [Self.step2, Self.step3])
        try bench.evaluate(after: 3, loss: 0.5)
        let step4 = Self.step2.replacing("\"step\":2,\"epoch\":1", with: "\"step\":4,\"epoch\":2")
        #expect(try bench.lines() == [Self.step2, Self.step3, Self.epoch1, step4])
    }

    /// A generation that begins again at the snapshot replays without a second line, in the middle of an
    /// epoch and at its end.
    @Test func generationsReplay() throws {
        let bench = try Bench()
        try bench.steps(1...3, loss: 1)
        try bench.snapshot(3)
        try bench.evaluate(after: 3, loss: 0.5)
        let before = try bench.lines()
        #expect(before == [Self.step2, Self.step3, Self.epoch1])
        try bench.begin()
        try bench.evaluate(after: 3, loss: 0.5)
        #expect(try bench.lines() == before)
        for _ in 0..<2 {
            try bench.steps(4...5, loss: 1)
            try bench.begin()
            try bench.evaluate(after: 3, loss: 0.5)
        }
        #expect(try bench.lines().count == before.count + 1)
        #expect(throws: ReplayDiffers.self) { try bench.steps(4...5, loss: 7) }
        try bench.begin()
        #expect(throws: ReplayDiffers.self) { try bench.evaluate(after: 3, loss: 0.25) }
    }

    /// Until its snapshot is there, an audit may find that a step was computed wrongly: then it never was,
    /// and what is computed instead stands alone.
    @Test(arguments: [true, false])
    func auditedSteps(evaluationFirst: Bool) throws {
        let bench = try Bench(isAudited: true)
        try bench.steps(1...2, loss: 9)
        bench.record.retract()
        try bench.begin()
        try bench.steps(1...3, loss: 1)
        if evaluationFirst { try bench.evaluate(after: 3, loss: 0.5) }
        #expect(try bench.lines().isEmpty)
        // A loss that has nothing to do with an audit: what is computed again must be the same.
        try bench.begin()
        #expect(throws: ReplayDiffers.self) { try bench.steps(1...2, loss: 9) }
        try bench.begin()
        try bench.steps(1...3, loss: 1)
        if evaluationFirst { try bench.evaluate(after: 3, loss: 0.5) }
        try bench.snapshot(3)
        if !evaluationFirst {
            #expect(try bench.lines() == [Self.step2, Self.step3])
            try bench.evaluate(after: 3, loss: 0.5)
        }
        try bench.steps(4...4, loss: 9)
        bench.record.retract()
        #expect(try bench.lines() == [Self.step2, Self.step3, Self.epoch1])
    }

    /// Events come with their lines: each once, whatever is replayed, and of audited steps only when nothing
    /// can take them back.
    @Test(arguments: [false, true]) func eventsComeOnce(isAudited: Bool) throws {
        let bench = try Bench(isAudited: isAudited)
        if isAudited {
            try bench.steps(1...2, loss: 9)
            #expect(bench.events.take().isEmpty)
            bench.record.retract()
            try bench.begin()
        }
        for _ in 0..<2 {
            try bench.steps(1...3, loss: 1)
            try bench.begin()
        }
        try bench.steps(1...3, loss: 1)
        #expect(bench.events.take() == (isAudited ? [] : ["step_logged 2", "step_logged 3"]))
        try bench.snapshot(3)
        try bench.evaluate(after: 3, loss: 0.5)
        #expect(
            bench.events.take()
                == (isAudited ? ["step_logged 2", "step_logged 3"] : []) + ["epoch_finished 3"])
    }

    /// A full disk lets lines wait; the events come all the same, and it is told once that lines wait and
    /// that they are written.
    @Test func aFullDisk() throws {
        let (quiet, bench) = (try Bench(), try Bench(room: 150))
        for bench in [quiet, bench] {
            try bench.steps(1...5, loss: 1)
            try bench.snapshot(3)
            try bench.evaluate(after: 3, loss: 0.5)
        }
        #expect(try bench.lines() == [Self.step2])
        #expect(
            quiet.events.take() == ["step_logged 2", "step_logged 3", "epoch_finished 3", "step_logged 4"])
        #expect(
            bench.events.take() == [
                "step_logged 2", "step_logged 3", "records_waiting", "epoch_finished 3", "step_logged 4",
            ])
        // A replay meanwhile is compared with the lines that wait.
        try bench.begin()
        try bench.evaluate(after: 3, loss: 0.5)
        #expect(throws: ReplayDiffers.self) { try bench.steps(4...4, loss: 7) }
        #expect(bench.record.writeWaiting()?.contains("no space left on the device") == true)
        bench.record.end()
        #expect(bench.events.take() == ["records_lost"])
        bench.disk.set(1 << 20)
        #expect(bench.record.writeWaiting() == nil)
        bench.record.end()
        #expect(bench.events.take() == ["records_caught_up"])
        #expect(try bench.lines() == quiet.lines())
    }

    /// Where more lines wait than memory is meant for, the run cannot go on, and says why.
    @Test func tooManyLinesWait() throws {
        let bench = try Bench(room: 0, limit: 150)
        let error = #expect(throws: SystemError.self) { try bench.steps(1...5, loss: 1) }
        #expect(error?.description.contains("of lines wait in memory for") == true)
        #expect(error?.description.contains("no space left on the device") == true)
        #expect(bench.events.take() == ["step_logged 2", "records_waiting"])
    }
}
