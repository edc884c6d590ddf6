import Platform
import System
import TestSupport
import Testing

extension Exactness {
    /// Engines repeat one command line until it ends well: it begins, goes on, and shows the result again.
    @Suite struct RepeatedLineTests {
        private static let job = DigitsJob(checkpointEvery: "12, best: null")
        private static let line = ["--resume=auto"]

        @Test func theSameLineAroundTwoKills() throws {
            let bench = try Bench(Self.job)
            for step in [12, 24] {
                let end = try bench.run(
                    "run", workers: 2, Self.line, fault: "coordinator:checkpoint-written:\(step):kill")
                #expect(end.status == .killed(signal: SIGKILL), "\(end.errors)")
            }
            let third = try bench.run("run", workers: 2, Self.line)
            third.expect(status: 0)
            let resumed = try bench.log("run").events("run_resumed").map { $0.integer("step") }
            #expect(resumed == [12, 24])
            #expect(try Bits(third, bench.runDirectory("run")) == bench.quiet())
            let fourth = try bench.run("run", workers: 2, Self.line)
            fourth.expect(status: 0)
            #expect(fourth.output == third.output, "the result as it was printed the first time")
            #expect(fourth.errors.holds("has reached its end"), "\(fourth.errors)")
            #expect(bench.leftovers() == [])
        }

        @Test func aCoordinatorAndAWorkerThatWaits() throws {
            let run = try ByHand(Self.job)
            let first = try run.coordinator(Self.line, fault: "coordinator:checkpoint-written:12:kill")
            let worker = try run.worker()
            #expect(try Program.finish(first).status == .killed(signal: SIGKILL))
            let second = try run.coordinator(Self.line, fault: "coordinator:checkpoint-written:24:kill")
            #expect(try Program.finish(second).status == .killed(signal: SIGKILL))
            let third = try run.coordinator(Self.line)
            #expect(try run.bits(third) == run.bench.quiet())
            try expectGoodEnd(worker)
            let again = try run.bench.run("run", workers: 1, Self.line)
            again.expect(status: 0)
            #expect(again.output == third.standardOutput())
        }

        /// A start that is killed has left its lock, and what it was writing.
        @Test func aStartThatWasKilledBeforeItHadAJob() throws {
            let bench = try Bench(Self.job)
            let directory = bench.runDirectory("run")
            try Directory.create(Path.join(directory, "lost+found"), mode: 0o700)
            for name in ["lock", "incarnation.tmp-1-1", "job.json5.tmp-1-2"] {
                try File.writeAtomically("1\n", to: Path.join(directory, name))
            }
            let end = try bench.run("run", workers: 1, Self.line)
            end.expect(status: 0)
            #expect(try Bits(end, directory) == bench.quiet())
            // A directory with the user's own `job.json5` is no run.
            let foreign = bench.arguments(".", workers: 1, Self.line)
            try Program.run(foreign, in: bench.path).expect(status: 1, "exists already")
        }

        /// With more steps the same line goes on, and the old result is never taken for the new one.
        @Test func aFinishedRunThatIsToGoOn() throws {
            var job = Self.job
            job.steps = 42
            let quiet = try Bench(job).quiet()
            let bench = try Bench(Self.job)
            try bench.run("run", workers: 1, Self.line).expect(status: 0)
            let more = Self.line + ["--set", "max_steps=42"]
            let killed = try bench.run("run", workers: 1, more, fault: "coordinator:step:35:kill")
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            #expect(!File.exists(Path.join(bench.runDirectory("run"), "result.json")))
            let end = try bench.run("run", workers: 1, more)
            end.expect(status: 0)
            #expect(field("steps", in: end.output) == "42")
            #expect(try Bits(end, bench.runDirectory("run")).hash == quiet.hash)
            // Another job is no reason to show this one's result.
            try bench.run("run", workers: 1, more + ["--set", "seed=6"])
                .expect(status: 1, "seed is 6, was 5")
        }

        @Test func ensembles() throws {
            var job = Self.job
            job.steps = 14
            job.more = "ensemble: 2,"
            let quiet = try Bench(job).run("quiet", workers: 1)
            let bench = try Bench(job)
            for fault in ["coordinator:step:9:kill", "coordinator:member:1:kill"] {
                let end = try bench.run("run", workers: 2, Self.line, fault: fault)
                #expect(end.status == .killed(signal: SIGKILL), "\(end.errors)")
            }
            let third = try bench.run("run", workers: 2, Self.line)
            third.expect(status: 0)
            func hash(_ end: Program.Finished) -> Substring? {
                end.output.split(separator: "\n").last { $0.contains("state_sha256") }
            }
            #expect(hash(third) == hash(quiet) && hash(quiet) != nil)
            #expect(try bench.run("run", workers: 2, Self.line).output == third.output)
            let text = ["run", bench.config, "--run-dir", bench.runDirectory("run")] + Self.line
            try Program.run(text, in: bench.path).expect(status: 0)
        }

        /// The result of a table's job, as text, when its data and its token are gone.
        @Test func aResultNeedsNeitherDataNorToken() throws {
            let home = try TemporaryDirectory()
            let rows = (0..<64).map { "\($0 % 7),\($0 % 5),\(["no", "yes"][($0 % 7 + $0 % 5) % 2])\n" }
            let table = try home.write("table.csv", "a,b,kind\n" + rows.joined())
            let config = try home.write(
                "table.json5",
                """
                {
                  name: "table", seed: 1,
                  data: {train: {csv: {path: "table.csv", target: "kind"}}, split: {validation: 0.25}},
                  model: [{dense: 4, activation: "relu"}, {dense: 2}],
                  loss: {cross_entropy: {class_weights: "balanced"}},
                  metrics: ["accuracy", "confusion_matrix"],
                  optimizer: {adam: {learning_rate: 0.01}}, batch: {size: 16}, epochs: 3,
                }
                """)
            let token = try home.write("token", Tokens.ours)
            let process = try ChildProcess(
                "/bin/sh",
                ["-c", "cd \(home.path); exec \(Program.path) run \(config) --run-dir run --resume=auto"],
                environment: Program.environment(home.path, ["DIST_TRAIN_TOKEN_FILE": token]),
                standardOutput: .capture, standardError: .capture)
            let first = try Program.finish(process)
            first.expect(status: 0)
            #expect(first.output.holds("confusion matrix"), "\(first.output)")
            try File.remove(table)
            try File.remove(token)
            let again = try ChildProcess(
                "/bin/sh",
                [
                    "-c",
                    "cd \(home.path); exec \(Program.path) run \(config) --run-dir run --resume=auto"
                        + " --listen 127.0.0.1:0 --token-file \(token)",
                ],
                environment: Program.environment(home.path), standardOutput: .capture,
                standardError: .capture)
            let second = try Program.finish(again)
            second.expect(status: 0)
            #expect(second.output == first.output)
        }
    }
}
