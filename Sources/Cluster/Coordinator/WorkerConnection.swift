import Telemetry
import Training
import Transport

/// A worker, as the coordinator knows it.
final class WorkerConnection {
    let id: Int
    let request: JoinRequest
    let control: Connection
    var heartbeat: Connection?
    /// The status that the last heartbeat told.
    var status = Membership.WorkerStatus(step: 0, phase: "\(TrainingPhase.idle)", isComputing: false)
    /// The time of the last heartbeat; nil before the first one.
    var heard: Double?
    /// Bytes of memory that its process occupies, as the last heartbeat told.
    var memory: UInt64 = 0

    init(id: Int, request: JoinRequest, control: Connection) {
        self.id = id
        self.request = request
        self.control = control
    }

    /// The name for people and events: `worker 3 (host/pid at 10.0.0.7)`.
    var name: WorkerName { WorkerName(id, name: request.name, address: control.remoteAddress.host) }

    private var joinedByLoopback: Bool { control.remoteAddress.isLoopback }

    /// The endpoints at which `other` reaches this worker.
    ///
    /// A worker that joined by loopback runs on the coordinator's host: workers elsewhere reach it by the
    /// address by which they reach the coordinator.
    func endpoints(for other: WorkerConnection) -> [Endpoint] {
        if joinedByLoopback {
            let host = other.joinedByLoopback ? control.remoteAddress.host : other.control.localAddress.host
            return [Endpoint(host: host, port: request.meshPort)]
        }
        let seen = Endpoint(host: control.remoteAddress.host, port: request.meshPort)
        return request.endpoints.contains(seen)
            ? [seen] + request.endpoints.filter { $0 != seen } : request.endpoints + [seen]
    }

    /// - Parameters:
    ///   - generation: the one that the message belongs to; the default is no generation.
    ///   - sent: called when the memory that a bulk message borrows is free again.
    func send(
        _ message: ToWorker, of generation: FrameGeneration = FrameGeneration(), sent: (() -> Void)? = nil
    ) {
        control.send(message, of: generation, sent: sent)
    }

    func close() {
        heartbeat?.close()
        control.finish()
    }
}

extension TransportError {
    /// The reason of a lost connection, for a sentence that names the worker already.
    static func lossReason(_ error: TransportError?) -> String {
        switch error {
        case .lost(_, let reason): reason
        case .truncated: "the connection closed in the middle of a frame"
        case .some(let error): "\(error)"
        case nil: "it closed its connection"
        }
    }
}
