import System
import Transport

/// The worker processes that `dist-train run` starts on its own machine, and starts again when they die.
///
/// They get the token through an inherited pipe, and end when this process does, in whatever way: their lifeline closes.
package final class LocalWorkers {
    /// What has become of the processes since it was asked last.
    package struct News {
        package var notes: [String] = []
        /// Why the run cannot go on.
        package var failure: String?

        package init() {}
    }

    private struct Place {
        var process: ChildProcess
        var started: Double
        var restarts = 0
        /// Its end has been told.
        var hasEnded = false
        /// When another process takes its place; nil: none does.
        var restart: Double?

        /// It has died, and stays dead.
        var isMissed: Bool { hasEnded && restart == nil && process.exitStatus()?.isSuccess == false }
    }

    /// A process that lives shorter than this is started again only after a pause, the second time and later.
    private static let shortLife = 10.0
    /// One that has lived for so long has its restarts back.
    private static let longLife = 600.0

    private let lifeline: Pipe
    private let arguments: [String]
    private let token: SharedToken
    private let restarts: Int
    private var places: [Place] = []
    /// How the first process that died ended.
    private var firstCause: String?

    /// - Parameters:
    ///   - arguments: of `dist-train`, from the subcommand on.
    ///   - restarts: how often in a row each of the workers is started again when it dies.
    package init(count: Int, arguments: [String], token: SharedToken, restarts: Int) throws {
        (lifeline, self.arguments, self.token, self.restarts) = (try Pipe(), arguments, token, restarts)
        for _ in 0..<count { places.append(Place(process: try start(), started: Clock.monotonicSeconds())) }
    }

    private func start() throws -> ChildProcess {
        let tokenPipe = try Pipe()
        try tokenPipe.write(Array(token.hex.utf8))
        tokenPipe.closeWriteEnd()
        var environment = Environment.all()
        environment[InheritedDescriptors.token] = "3"
        environment[InheritedDescriptors.lifeline] = "4"
        environment["DIST_TRAIN_TOKEN"] = nil
        return try ChildProcess(
            Executable.path(), arguments, environment: environment,
            descriptors: [3: tokenPipe.readEnd, 4: lifeline.readEnd],
            standardOutput: .discard, standardError: .capture)
    }

    /// Looks after the processes: starts again those that were killed or crashed, unless they had their restarts.
    ///
    /// - Parameters:
    ///   - hasBegun: training has begun. Before that, one that is gone for good is missed.
    ///   - hasOthers: other workers are there, or may come.
    ///   - isOver: the run has ended: none is started any more.
    package func look(hasBegun: Bool, hasOthers: Bool, isOver: Bool) -> News {
        var news = News()
        let now = Clock.monotonicSeconds()
        for index in places.indices {
            noteEnd(index, now, &news)
            if !hasBegun, places[index].isMissed { news.failure = firstCause }
            guard !isOver, let time = places[index].restart, time <= now else { continue }
            do {
                places[index].process = try start()
                (places[index].started, places[index].hasEnded, places[index].restart) = (now, false, nil)
                places[index].restarts += 1
                news.notes.append("worker process \(places[index].process.processID) takes its place")
            } catch {
                news.failure = "a worker cannot be started again: \(error)"
            }
        }
        if !hasOthers, places.allSatisfy({ $0.hasEnded && $0.restart == nil }) {
            news.failure =
                firstCause.map { "no worker is left; the first one to die: \($0)" }
                ?? "all worker processes of this run have ended before it; start it again with --resume"
        }
        return news
    }

    private func noteEnd(_ index: Int, _ now: Double, _ news: inout News) {
        let place = places[index]
        guard !place.hasEnded, let status = place.process.exitStatus() else { return }
        places[index].hasEnded = true
        guard !status.isSuccess else { return }
        let text = Self.lastWords(of: place.process, status)
        firstCause = firstCause ?? text
        if now - place.started > Self.longLife { places[index].restarts = 0 }
        // A worker that ends with 1 has given up by itself.
        guard status != .exited(1), places[index].restarts < restarts else { return news.notes.append(text) }
        let isCrashLoop = place.restarts > 0 && now - place.started < Self.shortLife
        let pause = isCrashLoop ? Double(1 << min(5, place.restarts - 1)) : 0.0
        places[index].restart = now + pause
        news.notes.append(pause == 0 ? text : "\(text) [another one takes its place in \(Int(pause)) s]")
    }

    private static func lastWords(of process: ChildProcess, _ status: ExitStatus) -> String {
        _ = process.wait(seconds: 0.2)  // until they are here
        let words = process.standardError().split(separator: "\n").suffix(3).joined(separator: " | ")
        return "worker process \(process.processID) \(status)\(words.isEmpty ? "" : ": \(words)")"
    }

    /// Waits for the processes to end by themselves, and ends those that do not. What those that failed at the very end said.
    @discardableResult
    package func finish() -> [String] {
        places.compactMap { place in
            guard let status = place.process.wait(seconds: 5) else {
                _ = place.process.terminate()
                return nil
            }
            return place.hasEnded || status.isSuccess ? nil : Self.lastWords(of: place.process, status)
        }
    }
}
