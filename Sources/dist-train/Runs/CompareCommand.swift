import Configuration
import Runs
import System

enum CompareCommand {
    static let command = Command(
        name: "compare", arguments: "RUN RUN…",
        summary: """
            Compare runs: what differs in their jobs, and their metrics.
            A star marks the best value of each metric whose direction is known.
            """,
        options: [.json], example: "dist-train compare digits-mlp-20260101 latest", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        guard arguments.positionals.count >= 2 else {
            throw UsageError("`dist-train compare` needs two runs or more: see `dist-train runs`")
        }
        let entries = try arguments.positionals.map { try RunEntry.required(RunCatalog().path(of: $0)) }
        let comparison = RunComparison(entries)
        print(arguments.has("--json") ? comparison.value.prettyJSON() : comparison.text)
        return 0
    }
}
