import Jobs
import System

enum BenchPredictCommand {
    static let command = Command(
        name: "bench predict", arguments: "CONFIG",
        summary: """
            Measure the answers of a job's model.
            The model has its initial parameters, and the rows are made up, of the shape of the job's data;
            these are read for their form and number only.
            A request is the samples that are computed together, one request behind the other.
            """,
        options: [
            Option(name: "--rows", value: "N", help: "samples of a request (default 1)"),
            Option(
                name: "--seconds", value: "S",
                help: "how long to measure, after warming up for 3 requests (default 5)"),
            .lanes, .set, .json,
        ],
        example: "dist-train bench predict config/digits-mlp.json5 --rows 8", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let benchmark = PredictBenchmark(
            rows: try arguments.integer("--rows", 1...100_000) ?? 1,
            lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores,
            seconds: try arguments.seconds("--seconds", 0.01...86_400) ?? 5)
        let job = try JobFile.load(path: path, overrides: arguments.overrides)
        let result = try benchmark.run(job)
        print(arguments.has("--json") ? result.value.prettyJSON() : result.text(named: job.job.name))
        return 0
    }
}
