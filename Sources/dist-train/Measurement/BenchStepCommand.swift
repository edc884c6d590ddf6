import Jobs
import System

enum BenchStepCommand {
    static let command = Command(
        name: "bench step", arguments: "CONFIG",
        summary: """
            Measure the training steps of a job.
            They are those of `run`, on made-up data of the shape of the job's data.
            The job's data are read for their form and number only; `made_up` in a config needs no files:
            --set 'data.train={made_up: {shape: [28, 28, 1], classes: 10, samples: 16384}}'.
            Nothing is evaluated; snapshots and checkpoints are made as in the job, and thrown away.
            """,
        options: [
            .workerProcesses, .workerLanes,
            Option(
                name: "--seconds", value: "S",
                help: "how long to measure, after warming up for a second and 3 steps (default 10)"),
            .set, .json, .plaintext, .trace,
        ],
        example: "dist-train bench step config/bench/mlp.json5 --workers 2 --lanes 1", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let workers = try arguments.integer("--workers", 1...1024) ?? 1
        let lanes = try arguments.integer("--lanes", 1...1024) ?? max(1, Processor.cores / workers)
        let seconds = try arguments.seconds("--seconds", 0.1...86_400) ?? 10
        let job = try JobFile.load(path: path, overrides: arguments.overrides)
        let result = try StepBenchmark(
            workers: workers, lanes: lanes, seconds: seconds, trace: arguments.trace(),
            protection: arguments.protection
        ).run(job)
        print(arguments.has("--json") ? result.value.prettyJSON() : result.text(named: job.job.name))
        return 0
    }
}
