import Platform
import System
import TestSupport
import Testing

extension Exactness {
    /// The ready jobs with sequences, which need minutes on their real data: shortened, on made-up data, they
    /// learn what only a model that reads its sequences can know, and deaths change no bit.
    @Suite struct ReadySequenceJobsTests {
        private static func arguments(_ job: String, _ runDirectory: String, workers: Int, _ sets: [String])
            -> [String]
        {
            [
                "run", ProjectFiles.path("config/\(job).json5"), "--json", "--workers", "\(workers)",
                "--run-dir", runDirectory,
            ] + sets.flatMap { ["--set", $0] }
        }

        @Test(arguments: SequenceJob.all) func learns(_ job: SequenceJob) throws {
            let jobs = try ReadyJobs()
            let finished = try jobs.run(
                Self.arguments(job.name, jobs.directory.file("run"), workers: 2, job.toLearn))
            #expect(finished.status == .exited(0), "\(finished.errors)")
            let part = try #require(
                finished.output.split(separator: "\"\(job.set)\"").dropFirst().first, "\(finished.output)")
            let value = try #require(field(job.measure, in: String(part)).flatMap(Double.init), "\(part)")
            #expect(job.allowed.contains(value), "\(job.measure) \(value)")
        }

        /// A training that was killed behind a checkpoint, or stopped, goes on to the same bits.
        @Test func stoppedAndResumed() throws {
            let jobs = try ReadyJobs()
            let sets = ["max_steps=120", "checkpoint.every=20", "logging.every=10"]
            func bits(_ name: String, workers: Int, _ more: [String] = []) throws -> Bits {
                let runDirectory = jobs.directory.file(name)
                let finished = try jobs.run(
                    Self.arguments("adder-gpt", runDirectory, workers: workers, sets) + more)
                #expect(finished.status == .exited(0), "\(finished.errors)")
                return try Bits(finished, runDirectory)
            }
            let quiet = try bits("quiet", workers: 1)
            let killed = try jobs.run(
                Self.arguments("adder-gpt", jobs.directory.file("killed"), workers: 2, sets),
                fault: "coordinator:step:50:kill")
            #expect(killed.status == .killed(signal: SIGKILL), "\(killed.errors)")
            #expect(try bits("killed", workers: 3, ["--resume"]) == quiet)

            let stopped = try jobs.start(
                Self.arguments("adder-gpt", jobs.directory.file("stopped"), workers: 2, sets),
                fault: "rank0:forward:50:stop")
            defer { stopped.terminate() }
            let worker = try Self.stoppedChild(of: stopped)
            stopped.send(SIGTERM)
            kill(worker, SIGCONT)
            let finished = try Program.finish(stopped, seconds: 120)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            let log = EventLog(run: jobs.directory.file("stopped"))
            #expect(try log.events("run_stopped").last?.integer("step") ?? 120 < 120, "\(finished.errors)")
            #expect(try bits("stopped", workers: 1, ["--resume"]) == quiet)
        }

        private static func stoppedChild(of parent: ChildProcess) throws -> Int32 {
            let deadline = Clock.monotonicSeconds() + 60
            while Clock.monotonicSeconds() < deadline {
                let children = try Processes.children(of: parent.processID)
                if let stopped = children.first(where: { Processes.state($0) == "T" }) { return stopped }
                Clock.sleep(seconds: 0.01)
            }
            throw Program.TooSlow(errors: parent.standardError())
        }

        /// Workers are killed at random moments; the long form kills eight of each job.
        @Test(arguments: isThorough ? SequenceJob.all : SequenceJob.all.filter { $0.name == "trec-lstm" })
        func randomKills(_ job: SequenceJob) throws {
            let jobs = try ReadyJobs()
            let sets = job.toBeKilled + ["logging.every=5"]
            let quiet = jobs.directory.file("quiet")
            let expected = try Bits(jobs.run(Self.arguments(job.name, quiet, workers: 1, sets)), quiet)
            #expect(expected.hash.count == 64)
            var (done, round) = (0, 0)
            while done < (isThorough ? 8 : 2) {
                let runDirectory = jobs.directory.file("killed-\(round)")
                let run = try jobs.start(
                    Self.arguments(job.name, runDirectory, workers: 2 + round % 2, sets)
                        + ["--restarts", "1000"])
                defer { run.terminate() }
                done += try Processes.killChildren(of: run, times: 4)
                let finished = try Program.finish(run, seconds: 240)
                #expect(finished.status == .exited(0), "\(finished.errors)")
                #expect(try Bits(finished, runDirectory) == expected, "\(finished.errors)")
                round += 1
            }
        }
    }
}

/// A ready job with sequences, and how it is shortened.
struct SequenceJob: CustomStringConvertible, Sendable {
    let name: String
    /// Overrides with which it learns in seconds.
    let toLearn: [String]
    let set: String
    let measure: String
    /// The measure after a training. Without reading the sequence, one can guess a sixth of the questions, a
    /// tenth of the digits and half of the answers' tokens, and the text costs 3 a character.
    let allowed: ClosedRange<Double>
    /// Overrides with which it trains for a few seconds.
    let toBeKilled: [String]
    var description: String { name }

    static let names = Set(all.map(\.name))

    static let all = [
        SequenceJob(
            name: "adder-gpt", toLearn: ["epochs=60", "max_steps=320"], set: "test", measure: "accuracy",
            allowed: 0.9...1, toBeKilled: ["max_steps=160", "epochs=100"]),
        SequenceJob(
            name: "shakespeare-gpt", toLearn: ["max_steps=100", "schedule.cosine.warmup_steps=10"],
            set: "validation", measure: "loss", allowed: 0...1, toBeKilled: ["max_steps=60"]),
        SequenceJob(
            name: "shakespeare-lstm", toLearn: ["max_steps=60"], set: "validation", measure: "loss",
            allowed: 0...1, toBeKilled: ["max_steps=30"]),
        SequenceJob(
            name: "trec-cnn", toLearn: ["epochs=12"], set: "test", measure: "accuracy", allowed: 0.9...1,
            toBeKilled: ["max_steps=300", "epochs=100"]),
        SequenceJob(
            name: "trec-lstm", toLearn: ["epochs=20"], set: "test", measure: "accuracy", allowed: 0.9...1,
            toBeKilled: ["max_steps=150", "epochs=100"]),
        SequenceJob(
            name: "trec-transformer", toLearn: ["epochs=30"], set: "test", measure: "accuracy",
            allowed: 0.9...1, toBeKilled: ["max_steps=300", "epochs=100"]),
        SequenceJob(
            name: "mnist-rows-gru", toLearn: ["epochs=30"], set: "test", measure: "accuracy",
            allowed: 0.9...1, toBeKilled: ["max_steps=60", "epochs=100"]),
    ]
}
