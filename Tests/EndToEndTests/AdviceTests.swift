import Platform
import System
import TestSupport
import Testing

/// The words of a run when something is not as it should be, on both sides, with the cure.
@Suite(.serialized) struct AdviceTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private var directory: String { home.file("run") }
    private var log: EventLog { EventLog(run: directory) }

    private func run(_ more: String..., environment: [String: String] = [:]) throws -> Program.Finished {
        try Program.run(
            ["run", Repository.digits, "--run-dir", directory] + more, in: home.path, environment)
    }

    // MARK: Workers without work

    @Test func aWorkerWithNothingToDo() throws {
        let hands = try ByHand(DigitsJob(batch: 20, microbatches: 1, steps: 12))
        let coordinator = try hands.coordinator(["--min-workers", "2"])
        let workers = [try hands.worker(), try hands.worker()]
        _ = try hands.bits(coordinator)
        let spare = try #require(hands.log(of: coordinator).events("worker_spare").first)
        #expect(spare.isBecause("a batch has 1 microbatch") && spare.isBecause("`batch.microbatches`"))
        #expect(
            try hands.log(of: coordinator).has("job_doubtful") { $0.isBecause("2 workers are asked for") })
        for worker in workers { try expectGoodEnd(worker) }
        let told = try workers.map { try hands.log(of: $0).events("session_spare") }
        #expect(told.map(\.count).sorted() == [0, 1], "one of both is told, once")
        #expect(told.joined().allSatisfy { $0.isBecause("a batch has 1 microbatch") })
    }

    @Test func moreWorkersThanCores() throws {
        let count = Processor.cores + 1
        let end = try run("--workers", "\(count)", "--set", "max_steps=2", "--set", "batch.microbatches=8")
        end.expect(status: 0)
        let crowded = try #require(log.events("machine_crowded").first, "\(end.errors)")
        #expect(crowded.integer("workers") == count && crowded.integer("cores") == Processor.cores)
        try run("--resume", "--workers", "1", "--set", "max_steps=4", "--set", "batch.microbatches=8")
            .expect(status: 0)
        #expect(try log.events("machine_crowded").count == 1)
    }

    // MARK: Batch norm of one value

    @Test(arguments: [
        // batch size, microbatches, further fields of the layer, whether something is said
        (1, 1, "batch_norm: true", true), (3, 1, "batch_norm: true", false),
        (3, 2, "batch_norm: true", false),
        (2, 2, "batch_norm: {sync: false}", true), (3, 2, "batch_norm: {sync: false}", true),
        (8, 2, "batch_norm: {sync: false}", false), (1, 1, "activation: \"relu\"", false),
        (4, 4, "batch_norm: {sync: false}", true),
        // The 1,437 samples leave a single one, or one for a microbatch, for the last batch.
        (2, 1, "batch_norm: true", true), (4, 2, "batch_norm: {sync: false}", true),
        (2, 1, "activation: \"relu\"", false), (5, 1, "batch_norm: true", false),
    ])
    func oneValuePerChannel(batch: Int, microbatches: Int, layer: String, isSaid: Bool) throws {
        let job = try home.write(
            "job.json5",
            """
            {name: "one", data: {train: {builtin: "digits"}},
             model: ["flatten", {dense: 8, \(layer)}, {dense: 10}], loss: "cross_entropy",
             optimizer: {adam: {learning_rate: 1e-3}}, batch: {size: \(batch), microbatches: \(microbatches)},
             epochs: 1, max_steps: 2}
            """)
        let validated = try Program.run(["validate", job], in: home.path)
        validated.expect(status: 0)
        #expect(validated.errors.holds("one value for each channel") == isSaid, "\(validated.errors)")
        try Program.run(["run", job, "--run-dir", directory], in: home.path).expect(status: 0)
        #expect(try log.has("job_doubtful") == isSaid)
    }

    // MARK: OpenBLAS cores

    @Test func coresThatOpenBLASDoesNotKnow() throws {
        try run(environment: ["OPENBLAS_CORETYPE": "Bogus"]).expect(
            status: 64, "OPENBLAS_CORETYPE=Bogus names no core that OpenBLAS knows here", "Haswell")
        try run("--set", "numerics.blas_core=Bogus").expect(status: 64, "Bogus", "Haswell")
        try run("--set", "numerics.blas_core=Haswel").expect(status: 64, "did you mean \"Haswell\"?")
        #expect(!File.exists(directory))
    }

    /// The variable comes before the job's core, and that is said.
    @Test func theVariableComesFirst() throws {
        let hands = try ByHand(DigitsJob(steps: 4, more: "numerics: {blas_core: \"Haswell\"},"))
        let coordinator = try hands.coordinator()
        let worker = try hands.worker([], ["OPENBLAS_CORETYPE": "Nehalem"])
        _ = try hands.bits(coordinator)
        let kept = try #require(hands.log(of: worker).events("core_kept").first)
        #expect(kept.text("core") == "Nehalem" && kept.text("wanted") == "Haswell")
        try expectGoodEnd(worker)
    }

    // MARK: After the finite numbers

    /// The printed command begins a new run with a tenth of the learning rate.
    @Test func afterNaN() throws {
        let end = try run("--set", "optimizer.adam.learning_rate=1e30", "--set", "epochs=2")
        end.expect(status: 1, "resuming would fail in the same way", "optimizer.adam.learning_rate=")
        let failed = try #require(log.events("run_failed").first)
        let command = try #require(failed.text("retry_command"), "\(failed)")
        #expect(!command.holds("--resume") && command.hasPrefix("dist-train run "))
        #expect(command.holds("--set optimizer.adam.learning_rate=1e+29"), "a tenth: \(command)")
    }

    // MARK: Figures over interruptions

    @Test func timeAndRecoveriesAccumulate() throws {
        let first = try Program.start(
            ["run", Repository.digits, "--workers", "2", "--run-dir", directory, "--set", "epochs=100000"],
            in: home.path)
        defer { first.terminate() }
        try log.wait(for: "epoch_finished", from: first)
        kill(try #require(Processes.children(of: first.processID).first), SIGKILL)
        try log.wait(for: "recovery_continued", from: first)
        first.send(SIGTERM)
        try Program.finish(first).expect(status: 0)
        let stopped = try #require(log.events("run_stopped").first?.integer("step"))
        let before = try lastSeconds()
        let end = try run(
            "--resume", "--json", "--set", "epochs=100000", "--set", "max_steps=\(stopped + 60)")
        end.expect(status: 0)
        #expect(field("recoveries", in: end.output) == "1")
        let total = try #require(Double(field("seconds", in: end.output) ?? ""))
        let since = try #require(Double(field("seconds_since_resume", in: end.output) ?? ""))
        #expect(
            total >= before && since < total,
            "\(total) s, \(since) s of it since the resume, \(before) s before")
        let all = try seconds()
        #expect(all == all.sorted(), "the seconds in metrics.jsonl never jump back")
    }

    /// The seconds of the epochs in `metrics.jsonl`.
    private func seconds() throws -> [Double] {
        let text = try File.readText(Path.join(directory, "metrics.jsonl"), limit: 1 << 28)
        return text.split(separator: "\n").filter { $0.contains("\"validation\"") }.compactMap { line in
            guard let value = String(line).line(behind: "\"seconds\":") else { return nil }
            return Double(value.prefix { $0 != "," && $0 != "}" })
        }
    }

    private func lastSeconds() throws -> Double { try #require(try seconds().last) }
}
