import Platform
import System
import Testing

#if os(Linux)  // which answers on all of 127.0.0.0/8
    extension Exactness {
        /// A network that loses, damages, delays or tears apart what two workers and their coordinator say:
        /// always the quiet run's bits, within a bound.
        ///
        /// One worker, rank 0 at first, lives behind proxies: one leads from it to the coordinator, which
        /// therefore sees it at 127.0.0.2; the other one leads from there to its port for other members. All
        /// memory that machines could share is forbidden.
        @Suite struct NetworkFaults {
            typealias Fault = NetworkFault

            enum Wire: String { case coordinator, member }

            struct Trouble: CustomStringConvertible {
                var name: String
                var wire: Wire
                var faults: [Fault]
                /// The event by which the coordinator tells of it, and words of its reason.
                var event: String?
                var reason: String?
                /// The worker behind the proxies is lost: the other one dies without it, so that it must come
                /// again.
                var isLost = false
                var job = DigitsJob()
                var description: String { "\(name), \(wire)" }
            }

            static let peerTimeout = 1.0
            /// Connections to the coordinator, in their order.
            static let (messages, heartbeats) = (0, 1)
            static let few = DigitsJob(steps: 4)

            static func trouble(
                _ name: String, _ wire: Wire, _ direction: Fault.Direction, of connection: Int? = nil,
                at byte: Int, _ action: Fault.Action,
                event: String? = nil, reason: String? = nil, isLost: Bool = false
            ) -> Trouble {
                let fault = Fault(connection: connection, direction: direction, byte: byte, action: action)
                return Trouble(
                    name: name, wire: wire, faults: [fault],
                    event: event ?? reason.map { _ in "worker_lost" },
                    reason: reason, isLost: isLost)
            }

            static func always(_ name: String, _ wire: Wire, _ action: Fault.Action) -> Trouble {
                Trouble(
                    name: name, wire: wire,
                    faults: [Fault(direction: .both, byte: 0, action: action, isOften: true)], job: few)
            }

            static let troubles: [Trouble] = {
                let damage = "was changed on its way"
                let stuck = "its heart beats, but for 2 s no message"
                let short = [
                    Trouble(name: "nothing", wire: .member, faults: []),
                    trouble(
                        "a flipped bit", .coordinator, .up, of: messages, at: 20_000, .flip, reason: damage,
                        isLost: true),
                    trouble(
                        "a flipped bit", .member, .down, at: 30_000, .flip, event: "worker_suspected"),
                    trouble("a reset", .coordinator, .down, of: messages, at: 60_000, .reset, isLost: true),
                    trouble("a reset", .member, .up, at: 30_000, .reset, event: "workers_disconnected"),
                    trouble(
                        "lost messages", .coordinator, .up, of: messages, at: 20_000, .swallow,
                        reason: stuck + " from", isLost: true),
                    trouble(
                        "a cut", .coordinator, .up, of: messages, at: 20_000, .cut,
                        reason: "nothing was heard of it", isLost: true),
                    trouble("lost gradients", .member, .up, at: 30_000, .swallow, event: "workers_stalled"),
                    trouble("a long stall", .member, .down, at: 30_000, .hold(8), event: "workers_stalled"),
                    trouble("a short stall", .member, .up, at: 30_000, .hold(0.5)),
                    always("single bytes", .member, .trickle(30_000)),
                    always("delay", .member, .delay(0.1...0.3)),
                ]
                guard isThorough else { return short }
                let flips = [3_000, 12_000, 33_333, 61_234].flatMap { byte in
                    [Fault.Direction.up, .down].flatMap { direction in
                        [
                            trouble(
                                "a flipped bit at \(byte) \(direction)", .coordinator, direction,
                                of: messages, at: byte, .flip,
                                isLost: true),
                            trouble(
                                "a flipped bit at \(byte) \(direction)", .member, direction, at: byte, .flip),
                        ]
                    }
                }
                // The messages alone could bring a short job to its end; and whose messages arrive is alive.
                let ofHeartbeats = [
                    trouble(
                        "a flipped bit", .coordinator, .up, of: heartbeats, at: 1_000, .flip, reason: damage),
                    trouble("a flipped bit", .coordinator, .down, of: heartbeats, at: 800, .flip),
                    trouble("a reset", .coordinator, .up, of: heartbeats, at: 1_000, .reset),
                    trouble("lost heartbeats", .coordinator, .up, of: heartbeats, at: 1_000, .swallow),
                    trouble("lost answers", .coordinator, .down, of: heartbeats, at: 800, .swallow),
                ].map { trouble in
                    var longer = trouble
                    longer.job = DigitsJob(batch: 16, steps: 9_000)
                    return longer
                }
                return short + flips + ofHeartbeats + [
                    trouble(
                        "lost messages", .coordinator, .down, of: messages, at: 60_000, .swallow,
                        reason: stuck + " to", isLost: true),
                    trouble(
                        "lost data", .coordinator, .down, of: messages, at: 10_000, .swallow, isLost: true),
                    trouble("a cut", .coordinator, .down, of: messages, at: 60_000, .cut, isLost: true),
                    trouble(
                        "lost parameters", .member, .down, at: 30_000, .swallow, event: "workers_stalled"),
                    trouble("a cut", .member, .up, at: 30_000, .cut, event: "workers_stalled"),
                    trouble("a cut as they meet", .member, .both, at: 700, .cut),
                    trouble(
                        "a long stall", .coordinator, .up, of: messages, at: 20_000, .hold(8),
                        reason: stuck + " from", isLost: true),
                    trouble("a short stall", .coordinator, .down, of: messages, at: 60_000, .hold(0.5)),
                    always("single bytes", .coordinator, .trickle(30_000)),
                    always("delay", .coordinator, .delay(0.1...0.3)),
                ]
            }()

            @Test(arguments: troubles)
            func sameBits(_ trouble: Trouble) throws {
                let hands = try ByHand(trouble.job)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator([
                    "--min-workers", "2", "--peer-timeout", "\(Self.peerTimeout)",
                ])
                let toCoordinator = try FaultProxy(
                    host: 2, target: UInt16(hands.port), trouble.wire == .coordinator ? trouble.faults : [])
                let toMember = try FaultProxy(
                    host: 2, target: nil, trouble.wire == .member ? trouble.faults : [])
                let first = try hands.worker(
                    ["--listen", "127.0.0.1:\(toMember.port)"], socketsAlone, proxy: toCoordinator.port)
                try hands.log(of: coordinator).wait(for: "worker_joined", from: coordinator) {
                    $0.text("address") == "127.0.0.2"
                }
                let second = try hands.worker(
                    ["--listen", "127.0.0.1:0"], socketsAlone,
                    fault: trouble.isLost ? "rank0:forward:25:kill:2" : nil)
                let bits = try hands.bits(coordinator)
                let log = coordinator.standardError()
                #expect(bits == quiet, "\(log)")
                if let fault = trouble.faults.first {
                    let met = (trouble.wire == .coordinator ? toCoordinator : toMember).met
                    #expect(
                        fault.isOften ? met > 0 : met == 1,
                        "\(toCoordinator.traffic) \(toMember.traffic) \(log)")
                } else {
                    #expect(field("recoveries", in: coordinator.standardOutput()) == "0", "\(log)")
                    #expect(
                        toMember.traffic.count == 2
                            && toMember.traffic.contains { $0.up > 60_000 && $0.down > 60_000 })
                    for worker in [first, second] { try expectGoodEnd(worker) }
                }
                if let event = trouble.event {
                    let isTold = try hands.log(of: coordinator).has(event) {
                        $0.isBecause(trouble.reason ?? "") || trouble.reason == nil
                    }
                    #expect(isTold, "\(log)\n\(first.standardError())")
                }
            }

            /// So few of one member's messages have arrived that the coordinator goes back to a snapshot of
            /// which that member keeps nothing any more: it joins again, and is sent all.
            @Test func aCoordinatorFarBehind() throws {
                var job = DigitsJob()
                // No decision for which the members would wait.
                job.checkpointEvery = "1, best: null"
                let hands = try ByHand(job)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "120"])
                // A few snapshots of some twenty.
                let proxy = try FaultProxy(
                    host: 2, target: UInt16(hands.port),
                    [Fault(connection: Self.messages, direction: .up, byte: 200_000, action: .swallow)])
                let first = try hands.worker(proxy: proxy.port)
                try hands.log(of: coordinator).wait(for: "worker_joined", from: coordinator) {
                    $0.text("address") == "127.0.0.2"
                }
                let second = try hands.worker(fault: "rank1:waiting:25:kill:1")
                #expect(try hands.bits(coordinator) == quiet, "\(coordinator.standardError())")
                #expect(try Program.finish(second).status == .killed(signal: SIGKILL))
                #expect(proxy.met == 1)
                #expect(
                    try hands.log(of: first).has("session_rejoining") {
                        $0.isBecause("this worker no longer has its share of step")
                    }, "\(first.standardError())")
                try expectGoodEnd(first)
            }
        }
    }
#endif
