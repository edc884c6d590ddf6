import System
import Telemetry
import Training
import Transport

// The coordinator tells pages how its workers and itself are.

/// Bytes on the connections of workers.
struct Traffic {
    var sent: UInt64 = 0
    var received: UInt64 = 0

    mutating func add(_ worker: WorkerConnection) {
        for connection in [worker.control, worker.heartbeat].compactMap({ $0 }) {
            sent += connection.bytesSent
            received += connection.bytesReceived
        }
    }
}

extension Coordinator {
    /// Seconds between two observations, at least.
    private static let observationInterval = 0.9

    /// Records an observation, unless the newest one is recent.
    func observeNowAndThen() {
        guard Reactor.now - observed >= Self.observationInterval else { return }
        observe()
    }

    /// Records an observation.
    func observe() {
        observed = Reactor.now
        var traffic = earlierTraffic
        for worker in workers.connections { traffic.add(worker) }
        let speeds = sharing.relativeSpeeds
        log.record(
            .worker(
                .observed(
                    Observation(
                        workers: workers.connections.map { status(of: $0, speed: speeds[$0.id]) },
                        times: TimingReport.summary(timing.workers), memory: ResidentMemory.byteCount,
                        memoryLimit: memoryLimit, sent: Int(clamping: traffic.sent),
                        received: Int(clamping: traffic.received)))))
    }

    private func status(of worker: WorkerConnection, speed: Double?) -> WorkerStatus {
        let rank = membership.members.firstIndex(of: worker.id)
        let isPrepared = membership.workers[worker.id]?.isPrepared == true
        var status = WorkerStatus(worker.name, rank != nil ? .member : isPrepared ? .spare : .joining)
        status.speed = speed
        if let heard = worker.heard {
            status.heartbeat = max(0, observed - heard)
            status.memory = Int(clamping: worker.memory)
            status.received = Int(clamping: worker.status.received)
        }
        guard let rank else { return status }
        status.rank = rank
        status.step = worker.status.step + 1
        status.phase = worker.status.phase
        if let assignment = sharing.current, rank < assignment.members {
            let microbatches = assignment.range(of: rank).count
            status.microbatches = microbatches
            status.share = Double(microbatches) / Double(max(1, setup.plan.geometry.microbatches))
        }
        return status
    }
}
