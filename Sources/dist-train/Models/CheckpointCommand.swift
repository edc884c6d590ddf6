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
        options: [
            Option(name: "--json", value: nil, help: "print the list as JSON; for `list` alone")
        ], example: "dist-train checkpoint verify runs/digits-mlp-20260101-120000", run: run)

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
        if arguments.has("--json") {
            guard action == .list else {
                throw UsageError("`dist-train checkpoint \(action)` has no --json: only `list` has it")
            }
            let lists = try (members.isEmpty ? [path] : members).flatMap { try listed($0) }
            print(ConfigValue.object([("checkpoints", .array(lists.map(\.value)))]).prettyJSON())
            return 0
        }
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
        switch action {
        case .list:
            let list = try listed(path)
            for item in list { print(item.line(isAlone: list.count == 1)) }
            return 0
        case .verify: return verify(try checkpoints(at: path))
        case .hash:
            print(try Checkpoint(path: checkpoints(at: path)[0].path).stateSHA256())
            return 0
        }
    }

    /// A checkpoint in a list.
    private struct Listed {
        let entry: CheckpointStore.Entry
        let bytes: Int
        let isLast: Bool
        let isBest: Bool

        func line(isAlone: Bool) -> String {
            let size = TextFormat.bytes(bytes)
            let marks = (isLast && !isAlone ? ["last"] : []) + (isBest ? ["best"] : [])
            return
                "step \(TextFormat.right("\(entry.step)", 8))  \(TextFormat.right(size, 10))  \(entry.path)"
                + (marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))")
        }

        var value: ConfigValue {
            .object([
                ("step", .int(entry.step)), ("path", .string(entry.path)), ("bytes", .int(bytes)),
                ("last", .bool(isLast)), ("best", .bool(isBest)),
            ])
        }
    }

    /// The checkpoints at a path, newest first.
    private static func listed(_ path: String) throws -> [Listed] {
        let entries = try checkpoints(at: path)
        let best = try? RunDirectory.checkpoints(of: path).best()
        return try entries.map { entry in
            let sizes = try Directory.list(entry.path).map { try File.size(Path.join(entry.path, $0)) }
            return Listed(
                entry: entry, bytes: sizes.reduce(0, +), isLast: entry == entries.first,
                isBest: entry == best)
        }
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
