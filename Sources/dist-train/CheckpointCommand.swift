import Checkpoints
import Configuration
import Runs
import System

extension Commands {
    static let checkpoint = Command(
        name: "checkpoint", arguments: "list|verify|hash PATH",
        summary:
            "Look at checkpoints. PATH is a run directory or one checkpoint.\n`hash` prints state_sha256, the same for the same bits.",
        options: [], example: "dist-train checkpoint verify runs/digits-mlp-20260101-120000"
    ) { arguments in
        guard arguments.positionals.count == 2 else {
            throw UsageError(
                "`dist-train checkpoint` needs what to do and where: list, verify or hash, then a run directory or a checkpoint"
            )
        }
        let (action, path) = (arguments.positionals[0], arguments.positionals[1])
        let actions = ["list", "verify", "hash"]
        guard actions.contains(action) else {
            let nearest = Suggestion.nearest(to: action, among: actions).map { "did you mean `\($0)`?" }
            throw UsageError(
                "`dist-train checkpoint` has no `\(action)`: \(nearest ?? "it knows list, verify and hash")")
        }
        let members = EnsembleDirectory.members(of: path)
        guard !members.isEmpty else { return try look(action, path) }
        // An ensemble: each member by itself; the hash is of one model.
        var status: Int32 = 0
        for member in members {
            if action == "hash" { print(member, terminator: "  ") }
            status = max(status, try look(action, member))
        }
        return status
    }

    private static func look(_ action: String, _ path: String) throws -> Int32 {
        let entries = try checkpoints(at: path)
        switch action {
        case "list":
            let best = try? RunDirectory.checkpoints(of: path).best()
            for entry in entries {
                let marks = [
                    entry == entries.first && entries.count > 1 ? "last" : nil, entry == best ? "best" : nil,
                ].compactMap { $0 }
                let sizes = try Directory.list(entry.path).map { try File.size(Path.join(entry.path, $0)) }
                print(
                    "step \(TextFormat.right("\(entry.step)", 8))  \(TextFormat.right(TextFormat.bytes(sizes.reduce(0, +)), 10))  \(entry.path)\(marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))")"
                )
            }
            return 0
        case "verify":
            var isWhole = true
            for entry in entries {
                let problems = Checkpoint.problems(path: entry.path)
                print("\(entry.path): \(problems.isEmpty ? "whole" : problems.joined(separator: "; "))")
                isWhole = isWhole && problems.isEmpty
            }
            return isWhole ? 0 : 1
        default:
            print(try Checkpoint(path: entries[0].path).stateSHA256())
            return 0
        }
    }

    /// One checkpoint, or all of a run, newest first.
    private static func checkpoints(at path: String) throws -> [CheckpointStore.Entry] {
        if File.exists(Path.join(path, "manifest.json")) || File.exists(Path.join(path, "model.safetensors"))
        {
            return [CheckpointStore.Entry(step: (try? Checkpoint(path: path).step) ?? 0, path: path)]
        }
        guard Directory.isDirectory(path) else {
            throw CheckpointError(
                "`\(path)` is neither a run directory nor a checkpoint; name one of the directories in `runs`"
            )
        }
        let entries = try RunDirectory.checkpoints(of: path).list()
        guard !entries.isEmpty else {
            throw CheckpointError(
                "`\(path)` has no checkpoints; name a run directory whose training has reached one")
        }
        return entries
    }
}
