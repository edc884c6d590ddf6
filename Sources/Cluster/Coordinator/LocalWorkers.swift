import Platform
import System
import Telemetry
import Transport

/// Changes of child processes since they were supervised last.
package struct ChildEvents {
    package var events: [RunEvent.Process] = []
    /// The reason why the run cannot continue; nil if it can.
    package var failure: String?
    /// True if the last processes have left because a signal asked them to: the run stops, as if the signal
    /// had come to the coordinator alone.
    package var haveLeft = false

    package init() {}
}

/// The worker processes that `dist-train run` starts on its own machine, and starts again when they die.
///
/// They get the token through an inherited pipe. They end when this process does, however that happens,
/// because their lifeline closes.
package final class LocalWorkers {
    /// One of the workers, whose process may be replaced.
    private struct Child {
        var process: ChildProcess
        var started: Double
        var restarts = 0
        /// True once its end has been told.
        var hasEnded = false
        /// The time at which another process replaces it; nil: none does.
        var restart: Double?

        /// True if it has died and is not replaced.
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
    private var children: [Child] = []
    /// The end of the first process that died, as a sentence.
    private var firstCause: String?

    /// - Parameters:
    ///   - arguments: the arguments of `dist-train`, from the subcommand on.
    ///   - restarts: the number of times in a row that each worker is started again when it dies.
    package init(count: Int, arguments: [String], token: SharedToken, restarts: Int) throws {
        lifeline = try Pipe()
        self.arguments = arguments
        self.token = token
        self.restarts = restarts
        for _ in 0..<count { children.append(Child(process: try start(), started: Clock.monotonicSeconds())) }
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

    /// Supervises the processes: starts again those that were killed or crashed, unless they had their
    /// restarts.
    ///
    /// - Parameters:
    ///   - hasBegun: true once training has begun. Before that, a process that is gone for good ends the run.
    ///   - hasOthers: true if other workers are there, or may come.
    ///   - isOver: true if the run has ended: no process is started any more.
    package func supervise(hasBegun: Bool, hasOthers: Bool, isOver: Bool) -> ChildEvents {
        var events = ChildEvents()
        let now = Clock.monotonicSeconds()
        for index in children.indices {
            noteEnd(index, now, &events)
            if !hasBegun, children[index].isMissed { events.failure = firstCause }
            guard !isOver, let time = children[index].restart, time <= now else { continue }
            do {
                children[index].process = try start()
                children[index].started = now
                children[index].hasEnded = false
                children[index].restart = nil
                children[index].restarts += 1
                events.events.append(.replaced(process: Int(children[index].process.processID)))
            } catch {
                events.failure = "a worker cannot be started again: \(error)"
            }
        }
        if !hasOthers, children.allSatisfy({ $0.hasEnded && $0.restart == nil }) {
            if let firstCause {
                events.failure = "no worker is left; the first one to die: \(firstCause)"
            } else {
                events.haveLeft = !isOver
            }
        }
        return events
    }

    private func noteEnd(_ index: Int, _ now: Double, _ events: inout ChildEvents) {
        let child = children[index]
        guard !child.hasEnded, let status = child.process.exitStatus() else { return }
        children[index].hasEnded = true
        guard !status.isSuccess else { return }
        let lastWords = Self.lastWords(of: child.process)
        func ended(restartSeconds: Int?) -> RunEvent.Process {
            .ended(
                process: Int(child.process.processID), status: "\(status)", lastWords: lastWords,
                restartSeconds: restartSeconds)
        }
        firstCause = firstCause ?? RunEvent.process(ended(restartSeconds: nil)).sentence
        if now - child.started > Self.longLife { children[index].restarts = 0 }
        // A worker that ends with 1 has given up by itself.
        guard status != .exited(1), children[index].restarts < restarts else {
            return events.events.append(ended(restartSeconds: nil))
        }
        let isCrashLoop = child.restarts > 0 && now - child.started < Self.shortLife
        let pause = isCrashLoop ? 1 << min(5, child.restarts - 1) : 0
        children[index].restart = now + Double(pause)
        events.events.append(ended(restartSeconds: pause))
    }

    /// The last three lines that a process wrote to its standard error.
    private static func lastWords(of process: ChildProcess) -> String {
        _ = process.wait(seconds: 0.2)  // until they are here
        return process.standardError().split(separator: "\n").suffix(3).joined(separator: " | ")
    }

    /// Waits for the processes to end by themselves, and ends those that do not. Returns the ends of those
    /// that failed at the very end.
    ///
    /// - Parameter seconds: those that are still there after so long may be in the middle of a step, and are
    ///   killed; nil: there is time.
    @discardableResult
    package func finish(within seconds: Double? = nil) -> [RunEvent.Process] {
        let deadline = Clock.monotonicSeconds() + min(5, seconds ?? 5)
        return children.compactMap { child in
            let patience = max(0, deadline - Clock.monotonicSeconds())
            guard let status = child.process.wait(seconds: patience) else {
                if seconds != nil { child.process.send(SIGKILL) }
                _ = child.process.terminate()
                return nil
            }
            guard !child.hasEnded, !status.isSuccess else { return nil }
            return .ended(
                process: Int(child.process.processID), status: "\(status)",
                lastWords: Self.lastWords(of: child.process), restartSeconds: nil)
        }
    }
}
