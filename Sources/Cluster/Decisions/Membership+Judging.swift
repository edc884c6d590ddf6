import Telemetry

// Judges which workers are dead, and which members have lost their connection to each other.

extension Membership {
    mutating func updateStatus(_ id: WorkerID, _ status: WorkerStatus, _ now: Double) {
        workers[id]?.lastHeard = now
        guard let worker = workers[id], worker.status != status else { return }
        // A phase that took long once may take long again.
        if let last = worker.status, last.isComputing {
            hangTimeout = max(hangTimeout, 10 * (now - worker.activeSince))
        }
        workers[id]?.status = status
        workers[id]?.activeSince = now
    }

    mutating func suspected(
        by id: WorkerID, rank: Int, generation: Int, reason: String, _ now: Double
    ) -> [Action] {
        guard generation == number, members.contains(id), members.indices.contains(rank), members[rank] != id
        else { return [] }
        guard suspicion == nil else { return [] }
        suspicion = Suspicion(since: now, pair: Pair(id, members[rank]), reason: reason)
        return [.record(.network(.suspected(name(id), other: name(members[rank]), reason: reason)))]
    }

    /// A suspected member that is dead is known to be so within the timeout. If none is, two living members
    /// have lost each other, and all would wait for ever: no message comes twice. The next generation
    /// connects them anew; if that does not last, the one that joined later is parked.
    private mutating func judgeSuspicion(_ now: Double) -> [Action] {
        guard let suspicion, now - suspicion.since > limits.peerTimeout else { return [] }
        pairFailures[suspicion.pair, default: 0] += 1
        let (later, earlier) = (suspicion.pair.higher, suspicion.pair.lower)
        let pause = pairFailures[suspicion.pair, default: 0] > 1 ? park(later, now) : nil
        let event = RunEvent.network(
            .disconnected(
                name(later), other: name(earlier), reason: suspicion.reason, pauseSeconds: pause))
        return [.record(event)] + abandon(reason: event.sentence, now)
    }

    mutating func tick(_ now: Double) -> [Action] {
        // A coordinator that was itself asleep must not judge others by that.
        if now - lastTick > limits.peerTimeout / 2 {
            for id in workers.keys {
                workers[id]?.lastHeard = now
                workers[id]?.activeSince = now
                workers[id]?.toIt.since = now
                workers[id]?.fromIt.since = now
            }
            suspicion?.since = now
        }
        lastTick = now
        return dropTheSilent(now) + judgeSuspicion(now) + judgeStall(now) + formIfPossible(now)
            + takeInLatecomers(now) + complain(now)
    }

    /// All members wait, and for long nothing has arrived anywhere: the message that they wait for was lost
    /// on a connection that looks sound. The next generation connects anew.
    private mutating func judgeStall(_ now: Double) -> [Action] {
        let isStill = members.allSatisfy { id in
            guard let worker = workers[id], let status = worker.status else { return false }
            return !status.isComputing && now - max(worker.activeSince, formedAt) > stallTimeout
        }
        guard isStill, !members.isEmpty else { return [] }
        if case .forming(let members, let connected, _) = phase, !connected.isEmpty {
            let late = members.filter { !connected.contains($0) }
            let reason = "the others waited for it for \(Int(stallTimeout)) s to connect"
            return late.map { .drop($0, reason: reason) }
                + lost(late.map { Loss(id: $0, reason: reason) }, now)
        }
        let event = RunEvent.network(.stalled(seconds: Int(stallTimeout)))
        // If all members were only slow, they get more time.
        stallTimeout = min(2 * stallTimeout, 60 * limits.peerTimeout)
        return [.record(event)] + abandon(reason: event.sentence, now)
    }

    /// Drops workers whose silence has lasted too long, to or from which messages get lost, or whose heart
    /// beats though they have hung for very long.
    private mutating func dropTheSilent(_ now: Double) -> [Action] {
        var drops: [Action] = []
        var gone: [Loss] = []
        for (id, worker) in workers.sorted(by: { $0.key < $1.key }) {
            if now - worker.lastHeard > limits.peerTimeout {
                let silence = "nothing was heard of it for \(Int(now - worker.lastHeard)) s"
                drops.append(.drop(id, reason: silence))
                gone.append(Loss(id: id, reason: silence))
            } else if let direction = stuckDirection(worker, now) {
                let seconds = Int(limits.deliveryTimeout)
                let loss = "its heart beats, but for \(seconds) s no message \(direction) it has arrived"
                drops.append(.drop(id, reason: loss))
                gone.append(Loss(id: id, reason: loss))
            } else if members.contains(id), let status = worker.status, status.isComputing,
                now - worker.activeSince > hangTimeout
            {
                let step = "\(status.phase) of step \(status.step + 1)"
                let hang = "it hangs: for \(Int(now - worker.activeSince)) s it has been in \(step)"
                drops.append(.drop(id, reason: hang))
                gone.append(Loss(id: id, reason: hang))
                // If it was only slow, the next one gets more time.
                hangTimeout *= 2
            }
        }
        return drops + lost(gone, now)
    }

    private func stuckDirection(_ worker: Worker, _ now: Double) -> String? {
        if worker.toIt.isStuck(for: limits.deliveryTimeout, now) { return "to" }
        return worker.fromIt.isStuck(for: limits.deliveryTimeout, now) ? "from" : nil
    }

    private mutating func complain(_ now: Double) -> [Action] {
        guard case .waiting = phase, now >= nextWaitingReport else { return [] }
        nextWaitingReport = now + Self.waitingReportInterval
        let paused = workers.values.count { $0.parkedUntil > now }
        return [
            .record(
                .worker(
                    .missing(
                        ready: preparedCount, needed: max(1, needed), paused: paused, hasBegun: hasBegun)))
        ]
    }
}
