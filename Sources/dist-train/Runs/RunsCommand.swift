import Checkpoints
import Configuration
import Platform
import Runs
import System
import Telemetry

enum RunsCommand {
    static let command = Command(
        name: "runs", arguments: "[remove RUN…]",
        summary: """
            List the runs in `runs`, the oldest first; or remove some.
            A run may be named shortly wherever one is asked for: `latest`, the job's name for its newest \
            run, or any part of the directory's name that no other has.
            """,
        options: [.json],
        example: "dist-train runs", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        guard let action = arguments.positionals.first else { return try list(arguments) }
        if action == "list" { return try list(arguments) }
        guard action == "remove" else {
            let nearest = Suggestion.nearest(to: action, among: ["list", "remove"])
            let known = ["rm": "remove", "delete": "remove", "clean": "remove", "ls": "list"][action]
            let advice = (known ?? nearest).map { "did you mean `\($0)`?" } ?? "it knows list and remove"
            throw UsageError("`dist-train runs` has no `\(action)`: \(advice)")
        }
        let words = arguments.positionals.dropFirst()
        guard !words.isEmpty else {
            throw UsageError("`dist-train runs remove` needs the name of a run: see `dist-train runs`")
        }
        // All are looked up first: a mistake removes nothing.
        let paths = try words.map(removable)
        for path in paths {
            try Directory.removeAtOnce(path)
            print("removed \(path)")
        }
        return 0
    }

    /// The run directory that a word means, if it may be removed.
    private static func removable(_ word: String) throws -> String {
        let path = try RunCatalog().path(of: word)
        guard File.exists(Path.join(path, "job.json5")) else {
            throw CheckpointError("`\(path)` is no run directory, and is not removed")
        }
        guard !RunDirectory.isLocked(path) else {
            throw CheckpointError("a coordinator is at work in `\(path)`: stop it first")
        }
        return path
    }

    private static func list(_ arguments: Arguments) throws -> Int32 {
        guard arguments.positionals.count <= 1 else {
            throw UsageError("`dist-train runs list` takes no names, found `\(arguments.positionals[1])`")
        }
        let entries = try RunCatalog().names().compactMap { RunEntry(Path.join("runs", $0)) }
        if arguments.has("--json") {
            print(ConfigValue.array(entries.map(\.value)).prettyJSON())
        } else if entries.isEmpty {
            print("there are no runs in `runs` yet; start one:  dist-train run CONFIG")
        } else {
            print(RunTable(entries).text(width: Console.standardOutputWidth ?? 120))
        }
        return 0
    }
}
