import Cluster
import Kernels
import Reports
import Runs
import System
import Telemetry

enum ReportCommand {
    static let command = Command(
        name: "report", arguments: "RUN…",
        summary: """
            Make the report of a run again, or compare runs.
            Of one run, report.html and the model card README.md are written into its directory: curves, \
            confusion matrix, worst mistakes, the data, the exact command that repeats it. A run that was \
            stopped or failed has a report of what is there; without its data nothing is evaluated.
            Of several, one file shows their curves over each other, what differs in their jobs, and their \
            results.
            The files are for this user alone (mode 600), and need no network.
            """,
        options: [
            Option(
                name: "--output", value: "FILE",
                help: """
                    where the HTML file goes (default: report.html in the directory of the run, or
                    comparison.html here for several runs); of one run, no model card is written then
                    """),
            .lanes, .set,
        ],
        example: "dist-train report digits-mlp-20260101 latest --output both.html", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        guard !arguments.positionals.isEmpty else {
            throw UsageError("`dist-train report` needs a run: see `dist-train runs`")
        }
        if let output = arguments.string("--output"), output.isEmpty {
            throw UsageError("--output needs the name of a file")
        }
        let directories = try arguments.positionals.map { try RunCatalog().path(of: $0) }
        guard directories.count == 1 else { return try compare(directories, arguments) }
        try TrainedModels.requireDataSettings(arguments)
        // A run without a checkpoint has no platform either; the report says so.
        let checkpoints = try? TrainedModel.checkpoints(at: directories[0]) { _ in }
        if let state = try? checkpoints?.first.map(CheckpointState.init) {
            try TrainedModels.adoptCore(of: state.platform)
        }
        let lanes = LanePool(lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores)
        defer { lanes.close() }
        let report = try RunReport(
            directories[0], overrides: arguments.overrides, ReportLimits(training: nil), lanes: lanes,
            program: Version.program)
        let written = try report.write(to: arguments.string("--output"))
        for part in written.leftOut { Console.standardError.write(message: "warning: without \(part)") }
        print(written.path)
        return 0
    }

    private static func compare(_ directories: [String], _ arguments: Arguments) throws -> Int32 {
        guard !arguments.has("--set"), !arguments.has("--lanes") else {
            throw UsageError("--set and --lanes are for the report of one run; several are only compared")
        }
        let output = arguments.string("--output") ?? "comparison.html"
        try ComparisonReport(directories, program: Version.program).write(to: output)
        print(output)
        return 0
    }
}
