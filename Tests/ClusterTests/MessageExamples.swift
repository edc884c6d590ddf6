import Cluster
import Collectives
import Datasets
import Training
import Transport

/// A message of every kind, with values at the ends of their ranges.
enum MessageExamples {
    static let endpoints = [Endpoint(host: "10.0.0.7", port: 40_001), Endpoint(host: "fe80::1", port: 1)]

    static let purposes: [ConnectionPurpose] = [
        .join(
            JoinRequest(
                name: "größer/12", machine: "größer", cores: 8, blasCore: "Zen", isCoreFixed: true,
                endpoints: endpoints, meshPort: 65_535)),
        .join(
            JoinRequest(
                name: "", machine: "", cores: 1, blasCore: "", isCoreFixed: false, endpoints: [], meshPort: 0,
                rendezvous: "slurm-12.0")),
        .heartbeat(worker: -1), .probe,
        .mesh(
            MeshGreeting(
                job: "abc", generation: FrameGeneration(incarnation: 3, counter: .max), from: 4, to: 1,
                isUrgent: true)),
    ]

    static let welcome = Welcome(
        worker: 7, job: "{name: \"x\"}", jobIdentity: "0123", blasCore: "Haswell",
        normalization: Normalization(
            kind: .zScore, shift: [1.5, -0.0, .leastNonzeroMagnitude], factor: [2, 3, 4]),
        datasets: [
            DatasetTicket(role: .train, hash: Array(0..<32), byteCount: 1 << 40),
            DatasetTicket(role: .test, hash: Array(repeating: 255, count: 32), byteCount: 1),
        ], peerTimeout: 0.25)

    static let formation = Formation(
        generation: FrameGeneration(incarnation: 1, counter: 9), rank: 1,
        members: [
            .init(worker: 3, name: "w3", endpoints: endpoints),
            .init(worker: 5, name: "w5", endpoints: [Endpoint(host: "a", port: 2)]),
            .init(worker: 6, name: "", endpoints: [endpoints[1]]),
        ], cuts: [0, 3, 3, 8], owners: (0..<64).map { $0 % 3 }, firstStep: 1 << 33, localWorkers: 2,
        learningRateFactor: 0.1, isOver: true, tracedUntil: 1 << 34,
        keptSince: FrameGeneration(incarnation: 1, counter: 8),
        audit: AuditSchedule(fraction: 0.1, disputed: 1 << 33))

    static let timing = TimingMessage(
        offset: -0.5, through: .max,
        spans: Activity.allCases.enumerated().map {
            Span($1, step: 1 << 40, begin: Double($0), end: Double($0) + 0.5, busy: 0.25, layer: $0)
        })

    /// Bulk, for messages that borrow it. It is never changed and never freed.
    nonisolated(unsafe) static let floats: UnsafeBufferPointer<Float> = {
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 5)
        _ = memory.initialize(from: [1, -0.0, .infinity, 3, .pi])
        return UnsafeBufferPointer(memory)
    }()
    static var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(floats) }

    /// An offset that 32 bits cannot hold.
    static let farOffset = 3 << 32 + 5

    static let toCoordinator: [ToCoordinator] = [
        .prepared(
            Prepared(
                fingerprint: Fingerprint(parts: [.init(name: "a", value: ""), .init(name: "", value: "b")]))),
        .fetch(DataChunk(dataset: 2, number: farOffset)), .connected,
        .unreachable(PeerFailure(rank: 3, reason: "no route to größer")),
        .suspected(PeerFailure(rank: 0, reason: "")),
        .stepReport(StepReport(step: 1 << 40, clock: 1e5 + 0.25, values: [1, -0.0, .infinity])),
        .snapshot(SnapshotRun(step: 1 << 40, rank: 7, offset: farOffset), floats),
        .evaluation(EvaluationReport(set: .test, step: 8, firstChunk: 1 << 33, reports: [0.5, 2])),
        .generationEnded, .failed(WorkerFailure(reason: "no room", divergedStep: 1 << 40)),
        .failed(WorkerFailure(reason: "no room")), .leaving, .timing(timing),
        .contributions(ContributionDigests(step: 17, digests: [1, .max, 0])),
        .audit(AuditResult(step: 17, member: 2, gradients: [.max, 3], received: 1, recomputed: 1 << 63)),
    ]

    static var toWorker: [ToWorker] {
        [
            .welcome(welcome), .refused("its arithmetic differs"), .runFailed("no worker is left"),
            .spare("1 microbatch"),
            .chunk(DataChunk(dataset: 1, number: farOffset), bytes), .form(formation),
            .state(StateRun(section: 3, offset: farOffset), floats), .stateComplete, .dial(rank: 2), .start,
            .request([.snapshot, .endGeneration]), .endGeneration("rank 2 is gone"), .finish("the end"),
            .decision(Decision(step: 1 << 40, factor: 0.5, stops: true)), .joinAgain("another job follows"),
            .snapshotComplete(step: 1 << 40),
        ]
    }

    static let probes: [ProbeMessage] = [
        .echo([]), .echo([1, 0, 255]), .ask(ProbeQuestion(endpoints: endpoints)),
        .answer(
            ProbeAnswer(
                platform: "x86_64-Zen-f516", workers: [.init(name: "größer/12", endpoints: endpoints)],
                failure: "no route to größer")),
    ]

    static let heartbeat = Heartbeat(
        phase: .backward, step: 1 << 40, clock: 1e5 + 0.25, sent: 1 << 40, received: 0,
        receivedFromMembers: .max, memory: 1 << 30)
    static let heartbeatAnswer = HeartbeatAnswer(asked: 1.5, answered: -2)
}
