import Checkpoints
import Datasets
import Runs
import System
import Threads

/// Looks for better checkpoints of the served runs, and lets them take the places of the models.
///
/// A new checkpoint that cannot be read is a warning; the model before goes on.
package final class ModelWatch: Sendable {
    /// A run directory that is served under a name.
    package struct Run: Sendable {
        package let name: String
        package let path: String

        package init(name: String, path: String) { (self.name, self.path) = (name, path) }
    }

    /// Seconds between two looks.
    private static let interval = 1.0

    private let server: PredictionServer
    private let tokenizer: Tokenizer?
    private let lanes: Int
    private let say: @Sendable (String) -> Void
    private let isEnded = Guarded(false)

    package init(
        _ server: PredictionServer, tokenizer: Tokenizer? = nil, lanes: Int,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.server = server
        self.tokenizer = tokenizer
        self.lanes = lanes
        self.say = say
    }

    /// Starts a thread that looks until `stop`.
    ///
    /// - Parameter runs: the runs, and the checkpoints that they are served with.
    /// - Throws: `ThreadError`.
    package func start(_ runs: [(run: Run, served: [String])]) throws {
        try Thread(named: "watch") { [self] in
            var served = runs.map(\.served)
            var tried = served
            while !isEnded.withLock({ $0 }) {
                Clock.sleep(seconds: Self.interval)
                for (index, entry) in runs.enumerated() { look(entry.run, &tried[index], &served[index]) }
            }
        }.detach()
    }

    package func stop() { isEnded.withLock { $0 = true } }

    /// - Parameters:
    ///   - tried: the best checkpoints when they were tried last.
    ///   - served: the checkpoints that answer.
    private func look(_ run: Run, _ tried: inout [String], _ served: inout [String]) {
        guard let best = try? Self.best(of: run.path), !best.isEmpty, best != tried else { return }
        tried = best
        do {
            let model = try Served.load(
                at: run.path, named: run.name, tokenizer: tokenizer, lanes: lanes, warn: say)
            guard model.checkpoints != served else { return }
            served = model.checkpoints
            server.replace(by: model)
            say("`\(run.name)` is now the model of step \(model.step)")
        } catch {
            say("warning: `\(run.name)` stays the model that it is: \(error)")
        }
    }

    /// The paths of the checkpoints that `TrainedModel.checkpoints` would read, without reading them.
    private static func best(of path: String) throws -> [String] {
        let members = EnsembleDirectory.members(of: path)
        if !members.isEmpty { return try members.flatMap { try best(of: $0) } }
        let store = RunDirectory.checkpoints(of: path)
        return try [store.best()?.path ?? store.list().first?.path].compactMap { $0 }
    }
}
