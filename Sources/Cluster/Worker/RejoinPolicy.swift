import System
import Telemetry
import Transport

/// The end of a session with a coordinator, from joining to the end of the job or of the connection.
package enum SessionEnd: Sendable {
    /// The worker's part in the job is over.
    case finished(String)
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
/// A worker that was let in once looks for its coordinator for `--rejoin-timeout`; a worker that never was
/// exits at once.
package struct RejoinPolicy {
    package enum Next: Equatable, Sendable {
        case exit(status: Int32)
        case join(afterSeconds: Double)
    }

    private let coordinator: Endpoint
    /// Seconds in which a lost coordinator must be found.
    private let timeout: Double
    /// The time at which the search ends; nil: the worker has not been let in yet.
    private var deadline: Double?

    package init(coordinator: Endpoint, timeout: Double) {
        self.coordinator = coordinator
        self.timeout = timeout
    }

    /// - Parameter now: seconds of a monotonic clock.
    package mutating func ended(_ end: SessionEnd, now: Double) -> (next: Next, events: [RunEvent.Session]) {
        switch end {
        case .finished(let reason):
            return (.exit(status: 0), [.finished(reason: reason)])
        case .refused(let reason):
            return (.exit(status: 1), [.failed(reason: reason)])
        case .joinAgain(let reason):
            deadline = now + timeout
            return (.join(afterSeconds: 0.1), [.rejoining(reason: reason)])
        case .lost(let error, let wasLetIn):
            if wasLetIn { deadline = now + timeout }
            let (next, failure) = afterLoss(error, now: now)
            let loss = RunEvent.Session.coordinatorLost(
                address: "\(coordinator)", reason: error.map { "\($0)" }, rejoinSeconds: timeout)
            return (next, (wasLetIn ? [loss] : []) + (failure.map { [.failed(reason: $0)] } ?? []))
        }
    }

    private func afterLoss(_ error: TransportError?, now: Double) -> (Next, failure: String?) {
        guard let deadline, error?.isWorthRetrying ?? true else {
            let closed = "the coordinator at \(coordinator) closed the connection; see its log"
            return (.exit(status: 1), error.map { "\($0)" } ?? closed)
        }
        guard now < deadline else {
            let time = TextFormat.duration(timeout)
            return (
                .exit(status: 1),
                "no coordinator at \(coordinator) within \(time); start it again with --resume,"
                    + " then this worker"
            )
        }
        return (.join(afterSeconds: min(1, timeout / 4)), nil)
    }
}

extension TransportError {
    /// A coordinator that restarts refuses connections or is silent for a while. A wrong token or version
    /// stays wrong.
    var isWorthRetrying: Bool {
        switch self {
        case .tokensDiffer, .otherVersion, .protectionDiffers, .notOurProtocol, .spokeHTTP, .refused,
            .rejected, .reflected:
            false
        default: true
        }
    }
}
