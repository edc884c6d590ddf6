import Kernels
import Telemetry
import Training
import Transport

// How workers join, and how they are lost or dismissed.

extension Coordinator {
    func decide(_ peer: HandshakePeer) -> HandshakeDecision {
        guard peer.program == Version.program else {
            return .refuse(
                "the coordinator is \(Version.program), the worker \(peer.program); "
                    + "install the same version on both machines"
            )
        }
        guard let purpose = try? ConnectionPurpose(of: peer) else {
            return .refuse("the greeting is malformed; install the same version on both machines")
        }
        switch purpose {
        case .join(let request): return decide(request)
        case .probe: return .accept
        case .heartbeat(let id):
            return workers[id] != nil ? .accept : .refuse("there is no worker \(id) here")
        case .mesh: return .refuse("this is the coordinator's port, not a worker's")
        }
    }

    private func decide(_ request: JoinRequest) -> HandshakeDecision {
        if let wanted = request.rendezvous, wanted != options.rendezvous {
            let ours = options.rendezvous.map { "serves the job `\($0)`" } ?? "was given no name of a job"
            return .refuseOtherJob(
                "the coordinator \(ours), and the worker belongs to `\(wanted)`; give both the same"
                    + " --rendezvous"
            )
        }
        return outcome == nil ? .accept : .refuseAfterRun
    }

    func accepted(_ connection: Connection, _ peer: HandshakePeer) {
        guard let purpose = try? ConnectionPurpose(of: peer) else {
            return connection.close()
        }
        switch purpose {
        case .join(let request): admit(connection, request)
        case .heartbeat(let id): addHeartbeat(connection, id)
        case .probe: probes?.serve(connection)
        case .mesh: connection.close()
        }
    }

    /// The answer to `dist-train doctor --join`.
    func probeAnswer() -> ProbeAnswer {
        ProbeAnswer(
            platform: platform.name,
            workers: workers.connections.map { worker in
                let seen = Endpoint(host: worker.control.remoteAddress.host, port: worker.request.meshPort)
                let known = worker.request.endpoints
                let isLocal = worker.control.remoteAddress.isLoopback
                return ProbeAnswer.Worker(
                    name: "\(worker.name)",
                    endpoints: isLocal || known.contains(seen) ? known : known + [seen])
            })
    }

    func admit(_ connection: Connection, _ request: JoinRequest) {
        let worker = workers.add { WorkerConnection(id: $0, request: request, control: connection) }
        connection.peer = "\(worker.name)"
        connection.maximumPayload = 16 << 20
        connection.closed = { [unowned self] reason in
            lose(worker.id, TransportError.lossReason(reason))
        }
        connection.received = { [unowned self] header, payload in
            handle(.heard(worker.id))
            try received(ToCoordinator(header, payload), of: header.generation, from: worker)
        }
        log.record(.worker(.joined(worker.name)))
        handle(.admitted(worker.name, machine: request.machine))
        let core = platform.core(preferred: request.blasCore)
        let welcome = Welcome(
            worker: worker.id, job: setup.job.resolved.prettyJSON(nonFinite: .json5),
            jobIdentity: setup.job.identity, blasCore: core, normalization: setup.data.normalization,
            datasets: tickets.map(\.ticket), peerTimeout: options.peerTimeout)
        worker.send(.welcome(welcome))
    }

    func addHeartbeat(_ connection: Connection, _ id: Int) {
        guard let worker = workers[id], worker.heartbeat == nil else { return connection.close() }
        worker.heartbeat = connection
        connection.received = { [unowned self, unowned worker, unowned connection] header, payload in
            let heartbeat = try Heartbeat(header, payload)
            worker.status = Membership.WorkerStatus(
                step: heartbeat.step, phase: "\(heartbeat.phase)",
                isComputing: heartbeat.phase.isComputing,
                received: heartbeat.received &+ heartbeat.receivedFromMembers)
            (worker.heard, worker.memory) = (Reactor.now, heartbeat.memory)
            handle(.active(id, worker.status))
            handle(
                .delivered(
                    id, sentToIt: worker.control.bytesSent, arrivedThere: heartbeat.received,
                    sentByIt: heartbeat.sent,
                    arrivedHere: worker.control.bytesReceived))
            connection.send(HeartbeatAnswer(asked: heartbeat.clock, answered: Reactor.now))
        }
        connection.closed = { [unowned self] reason in
            lose(id, TransportError.lossReason(reason))
        }
    }

    func lose(_ id: Int, _ reason: String) {
        guard let worker = workers.remove(id) else { return }
        earlierTraffic.add(worker)
        worker.close()
        sharing.forget(id)
        // The newest heartbeat may be older than the step at hand.
        let phase = worker.status.step == progress.steps ? worker.status.phase : nil
        handle(.lost(id, reason: reason, step: progress.steps + 1, phase: phase))
        // The system tells how a child process ended a moment after the end of its connection.
        reactor.after(0.02) { [weak self] in self?.superviseChildren() }
    }

    /// Removes a worker after a last message to it.
    func dismiss(_ id: Int, _ message: ToWorker) {
        guard let worker = workers.remove(id) else { return }
        worker.send(message)
        earlierTraffic.add(worker)
        worker.close()
        sharing.forget(id)
    }

    /// Judges a worker's platform.
    func prepared(_ worker: WorkerConnection, _ prepared: Prepared) {
        switch platform.judge(prepared.fingerprint) {
        case .accept: break
        case .acceptInexact(let differences):
            log.record(.worker(.inexact(worker.name, reason: differences)))
        case .refuse(let differences, let sentence):
            log.record(.worker(.refused(worker.name, reason: differences)))
            dismiss(worker.id, .refused(Sentence(sentence)))
            return handle(.lost(worker.id, reason: "its arithmetic differs"))
        }
        log.record(.worker(.ready(worker.name, platform: prepared.fingerprint.platform)))
        handle(.prepared(worker.id))
    }
}
