import Telemetry
import Transport

/// Summarises rejected connections for the log: within a window of time the first ones each by itself, and at
/// its end how many there were and what they did. A value: the time comes from outside.
package struct RejectionRecord {
    /// The window's length in seconds.
    package static let window = 10.0
    /// So many of a window are told one by one.
    package static let named = 3

    private var counts: [String: Int] = [:]
    /// Workers of another job knock until theirs is there: that is told once.
    private var hasToldOfOtherJob = false
    private var count: Int { counts.values.reduce(0, +) }

    package init() {}

    /// Adds a rejected connection; returns the event to record, if there is one now. `isFirst` begins a
    /// window, at whose end `end` is to be called.
    package mutating func add(_ error: TransportError) -> (event: RunEvent.Network?, isFirst: Bool) {
        if case .otherJob = error {
            defer { hasToldOfOtherJob = true }
            return (hasToldOfOtherJob ? nil : .rejected(reason: "\(error)"), false)
        }
        counts[error.conduct, default: 0] += 1
        return (count > Self.named ? nil : .rejected(reason: "\(error)"), count == 1)
    }

    /// Ends the window; returns the event about those that were not told one by one.
    package mutating func end() -> RunEvent.Network? {
        defer { counts = [:] }
        guard count > Self.named else { return nil }
        let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return .rejectedMany(
            count: count, seconds: Int(Self.window), kinds: kinds.map { NamedCount($0.key, $0.value) })
    }
}

/// Keeps such a record of a listener, and logs it. Belongs to the reactor's loop.
final class RejectionReport: @unchecked Sendable {  // used on the loop alone
    private let reactor: Reactor
    private let log: Log
    private var record = RejectionRecord()

    init(_ reactor: Reactor, _ log: Log) { (self.reactor, self.log) = (reactor, log) }

    func rejected(_ error: TransportError) {
        let (event, isFirst) = record.add(error)
        if let event { log.record(.network(event)) }
        guard isFirst else { return }
        reactor.after(RejectionRecord.window) { [self] in
            if let event = record.end() { log.record(.network(event)) }
        }
    }
}

extension TransportError {
    /// The peer's conduct, to follow a count: `30 …`.
    fileprivate var conduct: String {
        switch self {
        case .spokeHTTP: "spoke HTTP"
        case .notOurProtocol: "spoke another protocol"
        case .handshakeFailed: "spoke TLS of another kind"
        case .protectionDiffers: "differed in --plaintext"
        case .otherVersion: "were of another version"
        case .tokensDiffer: "had another token"
        case .timedOut: "said nothing, or not enough in time"
        case .evicted: "said nothing, or not enough, before others came"
        case .closedDuringHandshake, .lost: "hung up"
        case .refused, .rejected: "were refused"
        default: "sent nonsense"
        }
    }
}
