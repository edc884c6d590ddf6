import Cluster
import Configuration

/// The environment variables whose names begin with `DIST_TRAIN_`. A command ignores those that are not
/// known; `dist-train --check` refuses them, because a variable that is mistyped in a manifest has no effect.
package enum KnownVariables {
    /// All of them, each with the function that throws what is wrong with its value.
    private static let all: [String: @Sendable (String) throws -> Void] = [
        "DIST_TRAIN_TOKEN": { _ = try TokenStore.parse($0, from: "DIST_TRAIN_TOKEN") },
        "DIST_TRAIN_TOKEN_FILE": { try require(!$0.isEmpty, "DIST_TRAIN_TOKEN_FILE must name a file") },
        "DIST_TRAIN_FAULT": { _ = try FaultPoints(parsing: $0) },
        "DIST_TRAIN_SHARED_MEMORY": {
            try require(["0", "1"].contains($0), "DIST_TRAIN_SHARED_MEMORY must be 0 or 1, found `\($0)`")
        },
        // These are between processes of this program. Nobody else sets them.
        "DIST_TRAIN_ADOPTED_CORE": anything,
        "DIST_TRAIN_TOKEN_DESCRIPTOR": anything,
        "DIST_TRAIN_LIFELINE": anything,
    ]

    package static var names: [String] { all.keys.sorted() }

    /// Throws an error that says which variable of the environment is not known, or has a wrong value.
    package static func check(_ environment: [String: String]) throws {
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("DIST_TRAIN_") {
            guard let check = all[name] else {
                let nearest = Suggestion.nearest(to: name, among: names).map { ": did you mean \($0)?" }
                throw UsageError("there is no variable \(name)\(nearest ?? "")")
            }
            do { try check(value) } catch { throw UsageError("\(error)") }
        }
    }

    private static func require(_ condition: Bool, _ message: String) throws {
        guard condition else { throw UsageError(message) }
    }

    private static func anything(_: String) {}
}
