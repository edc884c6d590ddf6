import System
import Telemetry

/// Changes of worker processes since they were supervised last.
package struct ChildEvents {
    package var events: [RunEvent.Process] = []
    /// The reason why the run cannot continue; nil if it can.
    package var failure: String?
    /// True if the last processes have left because a signal asked them to: the run stops, as if the signal
    /// had come to the coordinator alone.
    package var haveLeft = false
    /// The number of workers that are there or may still come; nil if that is not known here.
    package var expected: Int?

    package init() {}
}

/// The worker processes that `dist-train run` starts, on its own machine and on others, and starts again when
/// they die.
package final class WorkerProcesses {
    /// A place with its process, which may be replaced.
    private struct Seat {
        let place: any WorkerPlace
        var process: any WorkerProcess
        var started: Double
        var restarts = 0
        /// Whether a worker has run here.
        var hasRun = false
        /// True once its end has been told.
        var hasEnded = false
        /// True if it has ended otherwise than well.
        var hasFailed = false
        /// The time at which another process replaces it; nil: none does.
        var restart: Double?

        /// True if it has ended and is not replaced.
        var isGone: Bool { hasEnded && restart == nil }
    }

    /// A process that lives shorter than this is started again only after a pause, the second time and later.
    private static let shortLife = 10.0
    /// One that has lived for so long has its restarts back.
    private static let longLife = 600.0

    private let restarts: Int
    private var seats: [Seat] = []
    /// The end of the first process of this machine that died, as a sentence.
    private var firstCause: String?
    /// The reasons why hosts have no worker, as sentences.
    private var hostCauses: [String] = []

    /// Starts a process in each place.
    /// - Parameter restarts: the number of times in a row that each worker is started again when it dies.
    package init(_ places: [any WorkerPlace], restarts: Int) throws {
        self.restarts = restarts
        for place in places {
            seats.append(
                Seat(place: place, process: try place.start(), started: Clock.monotonicSeconds()))
        }
    }

    /// Supervises the processes: starts again those that were killed or crashed, unless they had their
    /// restarts.
    ///
    /// - Parameters:
    ///   - hasBegun: true once training has begun. Before that, a process of this machine that is gone for
    ///     good ends the run.
    ///   - hasOthers: true if other workers are there, or may come.
    ///   - isOver: true if the run has ended: no process is started any more.
    package func supervise(hasBegun: Bool, hasOthers: Bool, isOver: Bool) -> ChildEvents {
        var events = ChildEvents()
        let now = Clock.monotonicSeconds()
        for index in seats.indices {
            observe(index, now, &events)
            let seat = seats[index]
            if !hasBegun, seat.isGone, seat.hasFailed, seat.place.host == nil { events.failure = firstCause }
            guard !isOver, let time = seat.restart, time <= now else { continue }
            restart(index, now, &events)
        }
        events.expected = seats.count { !$0.isGone }
        if !hasOthers, events.expected == 0 {
            if let cause {
                events.failure = cause
            } else {
                events.haveLeft = !isOver
            }
        }
        return events
    }

    /// The reason why no worker is left; nil if all have left well.
    private var cause: String? {
        guard hostCauses.isEmpty else {
            let all = hostCauses + (firstCause.map { [$0] } ?? [])
            return "no worker is left: \(all.joined(separator: "; "))"
        }
        return firstCause.map { "no worker is left; the first one to die: \($0)" }
    }

    private func restart(_ index: Int, _ now: Double, _ events: inout ChildEvents) {
        do {
            seats[index].process = try seats[index].place.start()
            seats[index].started = now
            seats[index].hasEnded = false
            seats[index].hasFailed = false
            seats[index].restart = nil
            seats[index].restarts += 1
            let process = Int(seats[index].process.processID)
            events.events.append(.replaced(process: process, host: seats[index].place.host))
        } catch {
            events.failure = "a worker cannot be started again: \(error)"
        }
    }

    private func observe(_ index: Int, _ now: Double, _ events: inout ChildEvents) {
        let seat = seats[index]
        guard !seat.hasEnded else { return }
        switch seat.process.course {
        case .starting: break
        case .running(let copiedBytes):
            guard !seat.hasRun else { return }
            seats[index].hasRun = true
            if let host = seat.place.host {
                events.events.append(.hostStarted(host: host, copiedBytes: copiedBytes))
            }
        case .failed(let reason): noteFailure(index, reason, now, &events)
        case .ended(let status): noteEnd(index, status, now, &events)
        }
    }

    /// No worker can be started on a host. One that had a worker before may only be away for a while.
    private func noteFailure(_ index: Int, _ reason: String, _ now: Double, _ events: inout ChildEvents) {
        let host = seats[index].place.host ?? ""
        seats[index].hasEnded = true
        seats[index].hasFailed = true
        let pause = seats[index].hasRun ? self.pause(index, now, isLost: true) : nil
        seats[index].restart = pause.map { now + Double($0) }
        if pause == nil { hostCauses.append("\(host): \(reason)") }
        events.events.append(.hostFailed(host: host, reason: reason, restartSeconds: pause))
    }

    private func noteEnd(_ index: Int, _ status: ExitStatus, _ now: Double, _ events: inout ChildEvents) {
        seats[index].hasEnded = true
        seats[index].hasRun = true
        guard !status.isSuccess else { return }
        seats[index].hasFailed = true
        let (host, words) = (seats[index].place.host, seats[index].process.lastWords)
        let isLost = host != nil && status == Self.lostConnection
        let text = isLost ? "was lost, because its ssh connection ended" : "\(status)"
        func ended(restartSeconds: Int?) -> RunEvent.Process {
            .ended(
                process: Int(seats[index].process.processID), host: host, status: text, lastWords: words,
                restartSeconds: restartSeconds)
        }
        let cause = RunEvent.process(ended(restartSeconds: nil)).sentence
        if host == nil { firstCause = firstCause ?? cause }
        if now - seats[index].started > Self.longLife { seats[index].restarts = 0 }
        // A worker that ends with 1 has given up by itself.
        let mayRestart = isLost || (status != .exited(1) && seats[index].restarts < restarts)
        let pause = mayRestart ? self.pause(index, now, isLost: isLost) : nil
        seats[index].restart = pause.map { now + Double($0) }
        if pause == nil, host != nil { hostCauses.append(cause) }
        events.events.append(ended(restartSeconds: pause))
    }

    /// The status with which ssh itself fails.
    private static let lostConnection = ExitStatus.exited(255)

    /// Seconds until another process takes the place of one that has ended.
    /// - Parameter isLost: its host is not reached. It is tried again for as long as the run goes on.
    private func pause(_ index: Int, _ now: Double, isLost: Bool) -> Int {
        let seat = seats[index]
        let isCrashLoop = seat.restarts > 0 && (isLost || now - seat.started < Self.shortLife)
        return isCrashLoop ? 1 << min(5, seat.restarts - 1) : 0
    }

    /// Waits for the processes to end by themselves, and ends those that do not. Returns the ends of those
    /// that failed at the very end.
    ///
    /// - Parameter seconds: those that are still there after so long may be in the middle of a step, and are
    ///   killed; nil: there is time.
    @discardableResult
    package func finish(within seconds: Double? = nil) -> [RunEvent.Process] {
        let deadline = Clock.monotonicSeconds() + min(5, seconds ?? 5)
        return seats.compactMap { seat in
            guard let status = seat.process.finish(until: deadline, isHurried: seconds != nil),
                !seat.hasEnded, !status.isSuccess
            else {
                return nil
            }
            return .ended(
                process: Int(seat.process.processID), host: seat.place.host, status: "\(status)",
                lastWords: seat.process.lastWords, restartSeconds: nil)
        }
    }
}
