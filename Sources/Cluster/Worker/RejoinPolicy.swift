import System
import Telemetry
import Transport

/// The end of a session with a coordinator, from joining to the end of the job or of the connection.
package enum SessionEnd: Sendable {
    /// The worker's part in the job is over.
    case finished(String)
    /// The job is over, because its run has failed.
    case runFailed(String)
    /// The worker is to join again: the coordinator asks for it, or cannot send what the worker lacks
    /// otherwise.
    case joinAgain(String)
    /// The coordinator does not let the worker in, or the worker cannot go on.
    case refused(String)
    /// The connection has ended or, if the worker was not let in, did not come about.
    case lost(TransportError?, wasLetIn: Bool)
}

/// Decides what a worker does after a session: it exits, or it waits and joins again. A value without a
/// clock.
///
/// A worker waits for a coordinator that is not there yet for `--wait`, for one that was lost for
/// `--rejoin-timeout`, and with `--keep` for the next one without an end. An error that no repetition mends
/// (a wrong token, another version) ends it at once. If the coordinator may have one of several ports, the
/// worker takes them in turn, and any of them may be somebody else's: such an error then ends nothing.
package struct RejoinPolicy {
    package enum Next: Equatable, Sendable {
        case exit(status: Int32)
        case join(afterSeconds: Double)
    }

    /// The patience of a worker, in seconds.
    package struct Limits: Sendable {
        /// For a coordinator that it has not reached yet.
        package var wait: Double
        /// For a coordinator that it has lost.
        package var rejoin: Double
        /// Whether it stays for the next job after the end of one.
        package var keeps: Bool

        package init(wait: Double = 300, rejoin: Double = 600, keeps: Bool = false) {
            self.wait = wait
            self.rejoin = rejoin
            self.keeps = keeps
        }
    }

    /// A search for a coordinator.
    private struct Search {
        enum Purpose { case first, lost, next }

        let purpose: Purpose
        let begin: Double
        /// Seconds.
        let limit: Double
        var attempts = 0
        /// The newest reason that says more than that nobody listens.
        var reason: String?
        /// The time at which the worker says again that it waits.
        var nextReport: Double
    }

    /// Seconds between two sentences of a worker that waits.
    private static let reportInterval = 60.0
    /// Seconds between two attempts: they double from the shortest to the longest.
    private static let (shortestPause, longestPause) = (0.25, 5.0)

    private let coordinator: CoordinatorPlace
    private let limits: Limits
    /// The file of the worker's token, for a sentence.
    private let tokenFile: String?
    private var search: Search?
    /// The number of ports that were tried in vain.
    private var turn = 0

    package init(coordinator: CoordinatorPlace, _ limits: Limits = Limits(), tokenFile: String? = nil) {
        self.coordinator = coordinator
        self.limits = limits
        self.tokenFile = tokenFile
    }

    /// Where the worker is to join next.
    package var endpoint: Endpoint { coordinator.endpoint(turn) }

    /// - Parameter now: seconds of a monotonic clock.
    package mutating func ended(_ end: SessionEnd, now: Double) -> (next: Next, events: [RunEvent.Session]) {
        switch end {
        case .finished(let reason):
            return limits.keeps ? stay(reason, now) : (.exit(status: 0), [.finished(reason: reason)])
        case .runFailed(let reason):
            return limits.keeps ? stay(reason, now) : (.exit(status: 1), [.failed(reason: reason)])
        case .refused(let reason):
            return (.exit(status: 1), [.failed(reason: reason)])
        case .joinAgain(let reason):
            search = newSearch(.lost, now)
            return (.join(afterSeconds: 0.1), [.rejoining(reason: reason)])
        case .lost(let error, let wasLetIn):
            guard wasLetIn else {
                turn += 1
                return notReached(error, now)
            }
            search = newSearch(.lost, now)
            let loss = RunEvent.Session.coordinatorLost(
                address: "\(coordinator)", reason: error.map { "\($0)" }, rejoinSeconds: limits.rejoin)
            let (next, events) = notReached(error, now)
            return (next, [loss] + events)
        }
    }

    private func newSearch(_ purpose: Search.Purpose, _ now: Double) -> Search {
        let limit =
            switch purpose {
            case .first: limits.wait
            case .lost: limits.rejoin
            case .next: Double.infinity
            }
        return Search(
            purpose: purpose, begin: now, limit: limit,
            nextReport: purpose == .first ? now : .infinity)
    }

    /// The job is over, and the worker stays for the next one.
    private mutating func stay(_ reason: String, _ now: Double) -> (Next, [RunEvent.Session]) {
        search = newSearch(.next, now)
        return (
            .join(afterSeconds: Self.longestPause / 5),
            [.staying(reason: reason, address: "\(coordinator)")]
        )
    }

    private mutating func notReached(_ error: TransportError?, _ now: Double) -> (Next, [RunEvent.Session]) {
        var search = search ?? newSearch(.first, now)
        let reason = reason(error)
        let hasJoined = search.purpose != .first
        guard
            error?.isWorthRetrying(hasJoined: hasJoined, keeps: limits.keeps, ports: coordinator.ports.count)
                ?? true
        else {
            return (.exit(status: 1), [.failed(reason: reason)])
        }
        if case .connectionRefused? = error {} else { search.reason = reason }
        let passed = now - search.begin
        let isFirstRound = !hasJoined && turn < coordinator.ports.count
        guard passed < search.limit || isFirstRound else {
            let sentence = Self.sentence(of: search, coordinator, search.reason ?? reason)
            return (.exit(status: 1), [.failed(reason: sentence)])
        }
        var events: [RunEvent.Session] = []
        if now >= search.nextReport {
            search.nextReport = now + Self.reportInterval
            events = [
                .waiting(address: "\(coordinator)", reason: reason, seconds: search.limit - passed)
            ]
        }
        // All ports are tried before a pause.
        guard turn % coordinator.ports.count == 0 || error == nil else {
            self.search = search
            return (.join(afterSeconds: 0), events)
        }
        let pause = Self.pause(of: search, passed)
        search.attempts += 1
        self.search = search
        return (.join(afterSeconds: pause), events)
    }

    private func reason(_ error: TransportError?) -> String {
        guard let error else { return "the coordinator at \(coordinator) closed the connection; see its log" }
        guard case .tokensDiffer = error, let tokenFile else { return "\(error)" }
        return "\(error). The token here is the one in `\(tokenFile)`"
    }

    /// Seconds until the next attempt. The last one comes when the time is over.
    private static func pause(of search: Search, _ passed: Double) -> Double {
        guard search.purpose != .lost else { return min(1, search.limit / 4) }
        let pause = min(longestPause, shortestPause * Double(1 << min(10, search.attempts)))
        return min(pause, max(0.01, search.limit - passed))
    }

    private static func sentence(of search: Search, _ coordinator: CoordinatorPlace, _ reason: String)
        -> String
    {
        guard search.limit > 0 || search.purpose == .lost else { return reason }
        let time = TextFormat.duration(search.limit)
        return search.purpose == .lost
            ? "no coordinator at \(coordinator) within \(time); start it again with --resume,"
                + " then this worker"
            : "no coordinator at \(coordinator) within \(time) (--wait): \(reason)"
    }
}

extension TransportError {
    /// A coordinator that restarts refuses connections or is silent for a while. A wrong token or version
    /// stays wrong.
    ///
    /// - Parameters:
    ///   - hasJoined: the coordinator has let this worker in before, so that it speaks the same protocol.
    ///   - keeps: the worker waits for the next run too, when it comes while one ends.
    ///   - ports: the number of ports of which the coordinator has one.
    func isWorthRetrying(hasJoined: Bool, keeps: Bool, ports: Int) -> Bool {
        switch self {
        case .runOver: keeps
        case .invalidEndpoint: false
        case _ where ports > 1: true
        case .tokensDiffer, .otherVersion, .protectionDiffers, .notOurProtocol, .spokeHTTP, .refused,
            .otherJob, .rejected, .reflected:
            false
        case .handshakeFailed, .malformedHandshake, .frameTooLong, .unknownKind, .unexpectedLength: hasJoined
        default: true
        }
    }
}
