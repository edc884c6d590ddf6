import Kernels
import System
import Training
import Transport

// Workers come and go.

extension Coordinator {
    func decide(_ peer: HandshakePeer) -> HandshakeDecision {
        guard peer.program == Version.program else {
            return .refuse(
                "the coordinator is \(Version.program), the worker \(peer.program); install the same version on both machines"
            )
        }
        guard let purpose = try? ConnectionPurpose(of: peer) else {
            return .refuse("the greeting is malformed; install the same version on both machines")
        }
        switch purpose {
        case .join where outcome != nil: return .refuse("this run is over")
        case .join: return .accept
        case .heartbeat(let id):
            return workers[id] != nil ? .accept : .refuse("there is no worker \(id) here")
        case .mesh: return .refuse("this is the coordinator's port, not a worker's")
        }
    }

    func accepted(_ connection: Connection, _ peer: HandshakePeer) {
        guard let purpose = try? ConnectionPurpose(of: peer) else {
            return connection.close()
        }
        switch purpose {
        case .join(let request): admit(connection, request)
        case .heartbeat(let id): addHeartbeat(connection, id)
        case .mesh: connection.close()
        }
    }

    func admit(_ connection: Connection, _ request: JoinRequest) {
        let worker = WorkerConnection(id: nextWorker, request: request, control: connection)
        nextWorker += 1
        workers[worker.id] = worker
        connection.peer = worker.name
        connection.maximumPayload = 16 << 20
        connection.closed = { [unowned self] reason in
            lose(worker.id, reason.map { "\($0)" } ?? "it closed its connection")
        }
        connection.received = { [unowned self] header, payload in
            handle(.heard(worker.id))
            try received(ToCoordinator(header, payload), of: header.generation, from: worker)
        }
        log.info("\(worker.name) joins")
        handle(.admitted(worker.id, name: worker.name, machine: request.machine))
        let core = setup.job.job.blasCore ?? blasCore ?? request.blasCore
        blasCore = core
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
            worker.activity = Membership.Activity(
                step: heartbeat.step, phase: "\(heartbeat.phase)",
                isComputing: heartbeat.phase.isComputing,
                received: heartbeat.received &+ heartbeat.receivedFromMembers)
            handle(.active(id, worker.activity))
            handle(
                .delivered(
                    id, sentToIt: worker.control.bytesSent, arrivedThere: heartbeat.received,
                    sentByIt: heartbeat.sent,
                    arrivedHere: worker.control.bytesReceived))
            connection.send(HeartbeatAnswer(asked: heartbeat.clock, answered: Reactor.now))
        }
        connection.closed = { [unowned self] reason in
            lose(id, reason.map { "\($0)" } ?? "it closed its connection for heartbeats")
        }
    }

    func lose(_ id: Int, _ reason: String) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        worker.close()
        sharing.forget(id)
        handle(.lost(id, reason: reason + whereabouts(of: worker)))
        // How its process ended, if this one has started it; the system says so a moment after the connection's end.
        reactor.after(0.02) { [weak self] in self?.lookAfterProcesses() }
    }

    /// Takes leave of a worker with a last message.
    func dismiss(_ id: Int, _ message: ToWorker) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        worker.send(message)
        worker.close()
        sharing.forget(id)
    }

    /// A worker's platform is judged: the first one's is the job's.
    func prepared(_ worker: WorkerConnection, _ prepared: Prepared) {
        let fingerprint = prepared.fingerprint
        let reference =
            platform.map { ($0.platform, fingerprint.matches($0)) }
            ?? setup.earlierPlatform.map { ($0, fingerprint.matches(platform: $0)) }
        if let (name, matches) = reference, !matches {
            let differences =
                platform.map { fingerprint.differences(from: $0) }
                ?? "platform \(fingerprint.platform) instead of \(name)"
            guard options.allowInexact else {
                log.warning("\(worker.name) is refused: its arithmetic differs (\(differences))")
                dismiss(
                    worker.id,
                    .refused(
                        "refused: this machine's arithmetic would change the result's bits (\(differences)). Install the same OpenBLAS, or give the job `numerics: {blas_core: \"Haswell\"}`, which every x86 machine here can compute with; to train all the same, start the coordinator with --allow-inexact"
                    ))
                handle(.lost(worker.id, reason: "its arithmetic differs"))
                return
            }
            log.warning("\(worker.name) computes other bits (\(differences)); the result will not be exact")
            isExact = false
        }
        if platform == nil { platform = fingerprint }
        let (name, exact) = (platform?.platform ?? "", isExact)
        numericPlatform.withLock { $0 = (name, exact) }
        handle(.prepared(worker.id))
    }
}
