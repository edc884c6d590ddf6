import Collectives
import Kernels
import Platform
import Synchronization
import System
import Threads
import Transport

extension CollectiveBenchmark {
    /// Runs a member's process: it measures the sizes one after the other, each in a generation of its own.
    package func takePart(rank: Int) throws {
        guard let token = readLine().flatMap({ SharedToken(hex: $0) }) else {
            throw SystemError("`bench member` belongs to `bench collective`: run that")
        }
        let credentials = Credentials(token, protection)
        let reactor = try Reactor(name: "communication")
        let entrance = MeshEntrance()
        let port = try listen(reactor, credentials, entrance)
        try reactor.start()
        defer { reactor.stopAndJoin() }
        printLine("\(port)")
        let ports = (readLine() ?? "").split(separator: " ").compactMap { UInt16($0) }
        guard ports.count == workers else {
            throw SystemError("the benchmark has ended; run `bench collective` again")
        }
        try Lifeline.watch(0) { _exit(0) }
        let names = ports.indices.map { "rank \($0)" }
        let members = zip(names, ports).map { name, port in
            Formation.Member(worker: 0, name: name, endpoints: [Endpoint(host: "127.0.0.1", port: port)])
        }
        let cuts = Array(0...workers)
        var before: BenchmarkGeneration?
        for (index, bytes) in sizes.enumerated() {
            let formation = Formation(
                generation: FrameGeneration(incarnation: 1, counter: UInt32(index + 1)), rank: rank,
                members: members, cuts: cuts,
                owners: Partition.spreadOwners(usedCount: max(1, bytes / 4), members: workers), firstStep: 0,
                localWorkers: workers)
            let generation = BenchmarkGeneration(
                formation, floats: max(1, bytes / 4), reactor: reactor, credentials, entrance: entrance)
            try generation.connect()
            // A completed step shows that all members have come to this generation: the previous one is not
            // needed any more.
            if let times = try generation.measure(warm: { before?.close() }) {
                printLine("\(times.best) \(times.median)")
            }
            before = generation
        }
        printLine("done")
        while true { Clock.sleep(seconds: 60) }  // until the parent closes the standard input
    }

    /// Listens for the other members, and returns the port.
    private func listen(_ reactor: Reactor, _ credentials: Credentials, _ entrance: MeshEntrance) throws
        -> UInt16
    {
        let listener = try reactor.listen(
            Endpoint(host: "127.0.0.1", port: 0),
            handshake: {
                .listener(credentials, program: Version.program)
            },
            accepted: { entrance.accept($0, $1) })
        return listener.localAddress.port
    }

    private func printLine(_ line: String) {
        print(line)
        fflush(nil)
    }
}

/// A generation for one size. Its gradients are fixed numbers, and its update stores their sum.
///
/// The two threads share it like those of a training, which is why it is `@unchecked Sendable`.
private final class BenchmarkGeneration: ParameterUpdate, GradientSource, @unchecked Sendable {
    private enum State {
        case connecting, connected
        case failed(String)
    }

    private let formation: Formation
    private let floats: Int
    private let reactor: Reactor
    private let parameters: FloatBuffer
    private let gradient: FloatBuffer
    private let memory: LocalMemory?
    private let state = Monitor(State.connecting)
    private let isOver = Atomic<Bool>(false)
    private var collective: Collective?
    private var mesh: Mesh?
    private let credentials: Credentials
    private let entrance: MeshEntrance

    init(
        _ formation: Formation, floats: Int, reactor: Reactor, _ credentials: Credentials,
        entrance: MeshEntrance
    ) {
        self.formation = formation
        self.floats = floats
        self.reactor = reactor
        self.credentials = credentials
        self.entrance = entrance
        let partition = Partition(
            usedCount: floats, owners: formation.owners, members: formation.members.count)
        let memory = LocalMemory(for: [partition.flatCount, partition.flatCount])
        func vector() -> FloatBuffer {
            memory?.vectors.make(partition.flatCount) ?? FloatBuffer(count: partition.flatCount)
        }
        parameters = vector()
        gradient = vector()
        self.memory = memory
        for i in 0..<floats { gradient.pointer[i] = Self.value(i, formation.rank) }
        let members = formation.members.count
        let plan = StepPlan(
            sizes: Array(repeating: 1, count: members),
            assignment: Assignment(even: members, members: members))
        let collective = Collective(
            rank: formation.rank, partition: partition, plans: [plan], planIndex: { _ in 0 }, exchanges: [],
            report: .sum(width: 1),
            parameters: parameters.pointer, gradients: self, updater: self, firstStep: 0
        ) { [unowned self] _, _ in isOver.load(ordering: .relaxed) ? .finish : [] }
        self.collective = collective
    }

    /// Small whole numbers, whose sums are exact.
    private static func value(_ index: Int, _ rank: Int) -> Float { Float((index &* 7 + 13 * rank) % 101) }

    func update(_ range: Range<Int>, compact: Int, gradient: UnsafeMutablePointer<Float>, step: Int) {
        (parameters.pointer + range.lowerBound).update(from: gradient, count: range.count)
    }

    func nodeVector(_ k: Int) -> UnsafePointer<Float> { UnsafePointer(gradient.pointer) }

    func connect() throws {
        reactor.post { [self] in
            guard let collective else { return }
            let state = state
            let mesh = Mesh(
                reactor: reactor, formation: formation, job: "benchmark", credentials: credentials,
                collective: collective, memory: memory,
                handlers: Mesh.Handlers(
                    connected: { state.change { $0 = .connected } },
                    unreachable: { peer in
                        state.change { $0 = .failed("rank \(peer.rank) cannot be reached: \(peer.reason)") }
                    },
                    suspected: { peer in
                        collective.end(GenerationEnded(reason: "rank \(peer.rank) is gone: \(peer.reason)"))
                    }))
            self.mesh = mesh
            collective.link = mesh
            reactor.idleWork = { collective.turn() }
            entrance.lead(to: mesh, of: formation.generation)
            mesh.open()
        }
        let failure: String? = state.wait { state in
            switch state {
            case .connecting: nil
            case .connected: .some(nil)
            case .failed(let reason): reason
            }
        }
        if let failure { throw SystemError(failure) }
    }

    /// Repeats the calls until rank 0 has measured for long enough, and returns its seconds per call.
    func measure(warm: () -> Void) throws -> (best: Double, median: Double)? {
        guard let collective else { return nil }
        var step = 0
        var word: ControlWord = []
        func call() throws {
            collective.reportLeaf(localMicrobatch: 0)[0] = 1
            collective.contribute(downTo: 0)
            word = try collective.complete(step: step).control
            step += 1
        }
        func calls(_ seconds: Double, least: Int) throws -> Double {
            let start = Clock.monotonicSeconds()
            var (count, passed) = (0, 0.0)
            while !word.contains(.finish), count < least || passed < seconds {
                try call()
                count += 1
                passed = Clock.monotonicSeconds() - start
            }
            return passed / Double(max(1, count))
        }
        try call()
        warm()
        _ = try calls(0.2, least: 3)
        var times: [Double] = []
        let end = Clock.monotonicSeconds() + 1
        while formation.rank == 0, Clock.monotonicSeconds() < end || times.count < 3 {
            times.append(try calls(0.005, least: 1))
        }
        if formation.rank == 0 { isOver.store(true, ordering: .relaxed) }
        while !word.contains(.finish) { try call() }
        try check()
        times.sort()
        return times.isEmpty ? nil : (times[0], times[times.count / 2])
    }

    private func check() throws {
        for i in 0..<floats {
            let sum = formation.members.indices.reduce(0) { $0 + Self.value(i, $1) }
            guard parameters.pointer[i] == sum else {
                throw SystemError(
                    """
                    the sum of element \(i) is \(parameters.pointer[i]) instead of \(sum): this is a \
                    fault of the program
                    """)
            }
        }
    }

    func close() {
        reactor.post { [self] in
            mesh?.close()
            (mesh, collective) = (nil, nil)
        }
    }
}
