enum BenchKernelsCommand {
    static let command = Command(
        name: "bench kernels", arguments: "",
        summary: """
            Measure what a lane computes.
            The layers of the four models in config/bench, vector functions, Adam,
            checksums; beside them what this machine could do at most. The best of several runs each.
            """,
        options: [
            Option(name: "--seconds", value: "S", help: "how long each measurement lasts (default 0.1)"),
            .json,
        ],
        example: "dist-train bench kernels", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        try arguments.requireNoPositionals()
        let benchmark = KernelBenchmark(seconds: try arguments.seconds("--seconds", 0.001...60) ?? 0.1)
        let report = KernelReport(
            machine: try benchmark.machine(), functions: benchmark.functions(),
            layers: try benchmark.layers())
        print(arguments.has("--json") ? report.value.prettyJSON() : report.text)
        return 0
    }
}
