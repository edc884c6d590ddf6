import System
import TestSupport
import Testing

/// Run directories and checkpoints that are not what the command asks for.
@Suite(.serialized) struct BadInputRunDirectoryTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private var directory: String { home.file("run") }
    private var log: EventLog { EventLog(run: directory) }

    private func run(_ more: String..., config: String = Repository.digits, seconds: Double = 60) throws
        -> Program.Finished
    {
        try Program.run(
            ["run", config, "--run-dir", directory, "--set", "checkpoint.best=null"] + more, in: home.path,
            seconds: seconds)
    }

    private func checkpoint(_ action: String, _ path: String) throws -> Program.Finished {
        try Program.run(["checkpoint", action, path], in: home.path, seconds: 30)
    }

    /// A short run with three checkpoints, of the steps 12, 24 and 36; the hash of its last state. The end of
    /// a run is always written, while checkpoints on the way may be left out when the disk is slow.
    private func train() throws -> String {
        try run("--set", "epochs=1").expect(status: 0)
        try run("--set", "epochs=2", "--resume").expect(status: 0)
        let end = try run("--set", "epochs=3", "--resume", "--json")
        end.expect(status: 0)
        #expect(try checkpoints.count == 3)
        return try #require(field("state_sha256", in: end.output))
    }

    private var checkpoints: [String] {
        get throws {
            let path = Path.join(directory, "checkpoints")
            return try Directory.list(path).filter { $0.hasPrefix("step-") }.map { Path.join(path, $0) }
        }
    }

    /// Changes one byte in the middle of a file, or in its first tensor.
    private func damage(_ path: String) throws {
        var bytes = try File.read(path, limit: 1 << 26)
        bytes[bytes.count / 2] ^= 4
        try File.writeAtomically(bytes, to: path)
    }

    // MARK: Directories

    @Test func anEarlierRunIsNotOverwritten() throws {
        let hash = try train()
        let before = try File.readText(Path.join(directory, "metrics.jsonl"), limit: 1 << 20)
        try run().expect(
            status: 1,
            "`\(directory)` exists already; add --resume to go on with that run, or choose another --run-dir")
        #expect(try File.readText(Path.join(directory, "metrics.jsonl"), limit: 1 << 20) == before)
        #expect(try checkpoint("hash", directory).output == hash + "\n")
    }

    @Test func aDirectoryOfSomethingElseIsNotUsed() throws {
        try Directory.create(directory)
        try home.write("run/thesis.txt", "chapter one")
        try run().expect(status: 1, "`\(directory)` exists already")
        try run("--resume").expect(
            status: 1, "`\(directory)` is no run directory: it has no job.json5", "leave out --resume")
        #expect(try Directory.list(directory) == ["thesis.txt"])
    }

    @Test func thereIsNothingToResume() throws {
        try run("--resume").expect(status: 1, "`\(directory)` is no run directory")
        #expect(!File.exists(directory))
    }

    @Test func aFileInThePlaceOfTheDirectory() throws {
        try home.write("run", "a file")
        try run().expect(status: 1, directory)
    }

    @Test func aRunThatIsGoingOnIsLeftAlone() throws {
        let first = try Program.start(
            ["run", Repository.digits, "--run-dir", directory, "--set", "epochs=100000"], in: home.path)
        defer { first.terminate() }
        try log.wait(for: "epoch_finished", from: first)
        for more in [[], ["--resume", "--set", "epochs=100000"]] {
            let end = try Program.run(
                ["run", Repository.digits, "--run-dir", directory] + more, in: home.path, seconds: 30)
            end.expect(
                status: 1, "another coordinator (process \(first.processID)) is at work in `\(directory)`",
                "--run-dir")
        }
        #expect(first.exitStatus() == nil)
    }

    // MARK: Another job, other data

    @Test func everyDifferenceOfTheJobIsListed() throws {
        let hash = try train()
        let end = try run(
            "--resume", "--set", "batch.size=64", "--set", "optimizer.adam.learning_rate=0.1", "--set",
            "seed=2", "--set",
            "model.1.dense=99", "--set", "epochs=4")
        end.expect(
            status: 1, "the job differs from the one in `\(directory)`", "batch.size is 64, was 128",
            "optimizer.adam.learning_rate is 0.1, was 0.003", "seed is 2, was 1", "dense is 99, was 128",
            "only epochs, max_steps, checkpoint and logging may change", "or start a new run")
        #expect(!end.errors.holds("epochs is"), "that may change")
        #expect(try checkpoint("hash", directory).output == hash + "\n")
    }

    @Test func changedDataIsNoticed() throws {
        try BadInputDataTests.write(BadInputDataTests.images(40), "images", in: home)
        try BadInputDataTests.write(BadInputDataTests.labels(40), "labels", in: home)
        let config = try BadInputDataTests.writeConfig(BadInputDataTests.config(), in: home)
        try run(config: config).expect(status: 0)
        try BadInputDataTests.write(BadInputDataTests.images(40, salt: 1), "images", in: home)
        try run("--resume", "--set", "epochs=3", config: config).expect(
            status: 1, "the data has changed since the checkpoint `\(directory)/checkpoints/step-",
            "restore the data",
            "start a new run with another --run-dir")
        try BadInputDataTests.write(BadInputDataTests.images(40), "images", in: home)
        try run("--resume", "--set", "epochs=3", config: config).expect(status: 0)
    }

    @Test func aJobThatEndsBeforeTheCheckpoint() throws {
        _ = try train()
        try run("--resume", "--set", "epochs=2").expect(
            status: 1, "is at step 36, but the job now ends at step 24", "raise epochs or max_steps")
    }

    // MARK: Damaged checkpoints

    @Test func theCheckpointBeforeACorruptOneIsUsed() throws {
        let hash = try train()
        let all = try checkpoints
        try damage(Path.join(all[2], "model.safetensors"))
        let end = try run("--resume", "--set", "epochs=3", "--json")
        end.expect(
            status: 0,
            "the checkpoint `\(all[2])` cannot be used: model.safetensors is corrupt: "
                + "its checksum does not match",
            "the one before it is tried")
        let resumed = try #require(log.events("run_resumed").last)
        #expect(resumed.integer("step") == 24 && resumed.text("checkpoint") == all[1], "\(resumed)")
        #expect(
            field("state_sha256", in: end.output) == hash,
            "the lost steps, computed again, give the same bits")
        try checkpoint("verify", directory).expect(status: 0)
    }

    @Test func withoutAnyGoodCheckpointTheRunBeginsAnew() throws {
        let hash = try train()
        let all = try checkpoints
        try damage(Path.join(all[0], "optimizer.safetensors"))
        try damage(Path.join(all[1], "manifest.json"))
        let newest = Path.join(all[2], "model.safetensors")
        try File.writeAtomically(Array(File.read(newest, limit: 1 << 26).dropLast(100)), to: newest)
        let end = try run("--resume", "--set", "epochs=3", "--json")
        end.expect(
            status: 0, "`\(all[0])` cannot be used", "`\(all[1])` cannot be used",
            "`\(all[2])` cannot be used: model.safetensors is truncated")
        #expect(try log.has("checkpoint_missing") && log.events("checkpoint_skipped").count == 3)
        #expect(field("state_sha256", in: end.output) == hash)
    }

    /// A damaged checkpoint of a later step takes no good one's place.
    @Test func damagedCheckpointsAreNotKeptInsteadOfGoodOnes() throws {
        _ = try train()
        let all = try checkpoints
        try damage(Path.join(all[2], "model.safetensors"))
        try run("--resume", "--set", "epochs=3", "--set", "max_steps=30", "--set", "checkpoint.keep=1")
            .expect(status: 0)
        #expect(try log.events("run_resumed").last?.integer("step") == 24)
        #expect(try checkpoints.map(Path.name) == ["step-00000030", "step-00000036"])
        try run("--resume", "--set", "epochs=3", "--set", "checkpoint.keep=1").expect(status: 0)
        #expect(try log.events("run_resumed").last?.integer("step") == 30)
    }

    // MARK: `checkpoint`

    @Test func goodCheckpoints() throws {
        let hash = try train()
        let all = try checkpoints
        let list = try checkpoint("list", directory)
        list.expect(status: 0)
        let lines = list.output.split(separator: "\n")
        #expect(lines.count == 3)
        for (line, (step, path)) in zip(lines, [(36, all[2] + "  (last)"), (24, all[1]), (12, all[0])]) {
            #expect(
                line.hasPrefix("step ") && line.hasSuffix(path) && line.split(separator: " ")[1] == "\(step)",
                "\(line)")
        }
        let verified = try checkpoint("verify", directory)
        verified.expect(status: 0)
        #expect(verified.output.occurrences(of: ": whole\n") == 3)
        let result = try File.readText(Path.join(directory, "result.json"), limit: 1 << 20)
        #expect(field("state_sha256", in: result) == hash)
        for path in [directory, all[2]] {
            let end = try checkpoint("hash", path)
            end.expect(status: 0)
            #expect(end.output == hash + "\n")
        }
        #expect(try checkpoint("hash", all[1]).output != hash + "\n")
    }

    @Test func badCheckpoints() throws {
        _ = try train()
        let all = try checkpoints
        try damage(Path.join(all[1], "model.safetensors"))
        try File.remove(Path.join(all[2], "optimizer.safetensors"))
        let verified = try checkpoint("verify", directory)
        #expect(verified.status == .exited(1))
        #expect(verified.output.holds("\(all[2]): optimizer.safetensors is missing"), "\(verified.output)")
        #expect(verified.output.holds("\(all[1]): model.safetensors is corrupt"), "\(verified.output)")
        #expect(verified.output.holds("\(all[0]): whole"))
        try checkpoint("hash", all[1]).expect(
            status: 1, "the checkpoint `\(all[1])` cannot be used", "use an older one or another copy")
        try checkpoint("list", directory).expect(status: 0)
        for action in ["list", "verify", "hash"] {
            try checkpoint(action, home.file("none")).expect(
                status: 1, "`\(home.file("none"))` is neither a run directory nor a checkpoint")
            try checkpoint(action, home.path).expect(status: 1, "`\(home.path)` has no checkpoints")
        }
        try checkpoint("verfy", directory).expect(status: 64, "did you mean `verify`?")
        try checkpoint("verfy", home.file("none")).expect(status: 64, "did you mean `verify`?")
    }
}
