import Checkpoints
import Configuration
import Runs
import System

enum CheckpointCommand {
    static let command = Command(
        name: "checkpoint", arguments: "list|verify|hash PATH",
        summary: """
            Look at checkpoints.
            PATH is a run directory or one checkpoint.
            `hash` prints state_sha256, the same for the same bits.
            """,
        options: [], example: "dist-train checkpoint verify runs/digits-mlp-20260101-120000", run: run)

    private enum Action: String, CaseIterable {
        case list, verify, hash
    }

    private static func run(_ arguments: Arguments) throws -> Int32 {
        guard arguments.positionals.count == 2 else {
            throw UsageError(
                "`dist-train checkpoint` needs what to do and where: list, verify or hash, then a run "
                    + "directory or a checkpoint")
        }
        let action = try action(arguments.positionals[0])
        let path = try RunCatalog().path(of: arguments.positionals[1])
        let members = EnsembleDirectory.members(of: path)
        guard !members.isEmpty else { return try run(action, on: path) }
        // An ensemble: each member by itself; the hash is of one model.
        var status: Int32 = 0
        for member in members {
            if action == .hash { print(member, terminator: "  ") }
            status = max(status, try run(action, on: member))
        }
        return status
    }

    private static func action(_ word: String) throws -> Action {
        if let action = Action(rawValue: word) { return action }
        let names = Action.allCases.map(\.rawValue)
        let nearest = Suggestion.nearest(to: word, among: names).map { "did you mean `\($0)`?" }
        throw UsageError(
            "`dist-train checkpoint` has no `\(word)`: \(nearest ?? "it knows list, verify and hash")")
    }

    private static func run(_ action: Action, on path: String) throws -> Int32 {
        let entries = try checkpoints(at: path)
        switch action {
        case .list:
            let best = try? RunDirectory.checkpoints(of: path).best()
            for entry in entries {
                let isLast = entry == entries.first && entries.count > 1
                print(try line(entry, isLast: isLast, isBest: entry == best))
            }
            return 0
        case .verify: return verify(entries)
        case .hash:
            print(try Checkpoint(path: entries[0].path).stateSHA256())
            return 0
        }
    }

    private static func line(_ entry: CheckpointStore.Entry, isLast: Bool, isBest: Bool) throws -> String {
        let sizes = try Directory.list(entry.path).map { try File.size(Path.join(entry.path, $0)) }
        let size = TextFormat.bytes(sizes.reduce(0, +))
        let marks = (isLast ? ["last"] : []) + (isBest ? ["best"] : [])
        return "step \(TextFormat.right("\(entry.step)", 8))  \(TextFormat.right(size, 10))  \(entry.path)"
            + (marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))")
    }

    private static func verify(_ entries: [CheckpointStore.Entry]) -> Int32 {
        var isWhole = true
        for entry in entries {
            let problems = Checkpoint.problems(path: entry.path)
            print("\(entry.path): \(problems.isEmpty ? "whole" : problems.joined(separator: "; "))")
            isWhole = isWhole && problems.isEmpty
        }
        return isWhole ? 0 : 1
    }

    /// One checkpoint, or all of a run, newest first.
    private static func checkpoints(at path: String) throws -> [CheckpointStore.Entry] {
        let isCheckpoint = ["manifest.json", "model.safetensors"].contains {
            File.exists(Path.join(path, $0))
        }
        if isCheckpoint {
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
