import Platform
import System
import Testing

#if os(Linux)
    extension Exactness {
        /// Several hosts, each a network namespace, on one bridge. Needs root and `ip`.
        @Suite(.enabled(if: LAN.isPossible, LAN.requirement)) struct Hosts {
            static let job = DigitsJob(steps: 60)

            /// On host A a worker that joined by `localhost`; on B and C workers with addresses of their own.
            @Test func threeHosts() throws {
                let lan = try LAN(hosts: 3)
                let hands = try HandsOnHosts(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "3"])
                let workers = [
                    try hands.worker(on: 0, joining: "localhost"),
                    try hands.worker(on: 1, joining: lan.address(0)),
                    try hands.worker(on: 2, joining: lan.address(0)),
                ]
                #expect(try hands.bits(coordinator) == quiet)
                #expect(field("workers", in: coordinator.standardOutput()) == "3")
                for worker in workers { try expectGoodEnd(worker) }
            }

            /// Hosts with IPv6 addresses alone. The printed command works as it is; a worker that joined by
            /// `localhost` and one from elsewhere reach each other.
            @Test(arguments: [[], ["--listen", "[::]:7070"], ["--listen", ":7070"]])
            func hostsWithIPv6Alone(listen: [String]) throws {
                let lan = try LAN(hosts: 2, isIPv6: true)
                let hands = try HandsOnHosts(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "2"] + listen)
                let listening = try #require(
                    hands.log(of: coordinator).events("listening").first, "it listens")
                #expect(listening.text("join_command") == "dist-train worker --join [\(lan.address(0))]")
                #expect(listening.text("host") == "::")
                let workers = [
                    try hands.worker(on: 0, joining: "localhost:7070"),
                    try hands.worker(on: 1, joining: "[\(lan.address(0))]:7070"),
                ]
                #expect(try hands.bits(coordinator) == quiet)
                #expect(field("workers", in: coordinator.standardOutput()) == "2")
                for worker in workers { try expectGoodEnd(worker) }
            }

            /// `doctor --join` measures the link to every worker, and names the one that is missing.
            @Test func doctorsLinks() throws {
                let lan = try LAN(hosts: 3)
                let hands = try HandsOnHosts(Self.job, lan)
                let forever = ["--set", "epochs=100000", "--set", "max_steps=100000"]
                let coordinator = try hands.coordinator(forever)
                let worker = try hands.worker(on: 1, joining: lan.address(0))
                try hands.log(of: coordinator).wait(for: "worker_ready", from: coordinator)
                let arguments = ["doctor", "--join", lan.address(0), "--token-file", hands.token]
                let sound = try Program.finish(hands.start(on: 2, arguments))
                #expect(sound.status == .exited(0), "\(sound.output)")
                #expect(sound.output.occurrences(of: "Mbit/s") == 2, "\(sound.output)")
                try lan.separate(1, 2)
                let broken = try Program.finish(hands.start(on: 2, arguments))
                #expect(broken.status == .exited(1))
                #expect(
                    broken.output.holds("cannot be reached") && broken.output.holds("→ let its port through"),
                    "\(broken.output)")
                coordinator.send(SIGTERM)
                _ = try Program.finish(coordinator)
                try expectGoodEnd(worker)
            }

            /// A coordinator that listens on both families serves workers of either.
            @Test func bothFamilies() throws {
                let lan = try LAN(hosts: 3)
                try lan.addIPv6()
                let hands = try HandsOnHosts(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "3"])
                let workers = [
                    try hands.worker(on: 0, joining: "127.0.0.1"),
                    try hands.worker(on: 1, joining: "[\(lan.addressOfIPv6(0))]"),
                    try hands.worker(on: 2, joining: lan.address(0)),
                ]
                #expect(try hands.bits(coordinator) == quiet)
                for worker in workers { try expectGoodEnd(worker) }
            }

            /// One training of hosts as people have them: with IPv6 alone, with both families, and with a
            /// bridge of containers, whose address is the same on each. One bridge has a name that gives
            /// nothing away, so that its address is announced first, and all workers have the same port: who
            /// dials that address reaches itself, and goes on to the next one.
            @Test func hostsOfAllKinds() throws {
                let lan = try LAN(hosts: 4, isIPv6: true)
                for host in [0, 2] { try lan.addIPv4(to: host) }
                for (host, name) in [(0, "docker0"), (2, "docker0"), (3, "lan0")] {
                    try lan.addBridge(name, to: host)
                }
                let hands = try HandsOnHosts(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "4", "--listen", ":7070"])
                let listening = try #require(
                    hands.log(of: coordinator).events("listening").first, "it listens")
                #expect(listening.text("join_command") == "dist-train worker --join 10.213.77.1")
                let places = ["localhost", "[\(lan.address(0))]", "10.213.77.1", "[\(lan.address(0))]"]
                let workers = try places.enumerated().map { host, place in
                    try hands.worker(on: host, joining: place, ["--listen", ":7071"])
                }
                #expect(try hands.bits(coordinator) == quiet, "\(coordinator.standardError())")
                #expect(field("workers", in: coordinator.standardOutput()) == "4")
                #expect(field("recoveries", in: coordinator.standardOutput()) == "0")
                #expect(try !hands.log(of: coordinator).has("workers_unreachable"))
                for worker in workers { try expectGoodEnd(worker) }
            }

            /// The script that measures with links of a given rate: the hosts are there for the command,
            /// reach each other, and are gone behind it.
            @Test func scriptForShapedLinks() throws {
                let command =
                    "ip netns list; ip -n ${NAMESPACE}1 route get $NETWORK.1; "
                    + "ip netns exec ${NAMESPACE}1 tc qdisc show dev eth0; exit 7"
                let script = Path.join(Repository.path, "deploy/namespaces")
                let process = try ChildProcess(
                    script, ["2", "100mbit", "sh", "-c", command], standardOutput: .capture,
                    standardError: .capture)
                let finished = try Program.finish(process, seconds: 30)
                #expect(finished.status == .exited(7), "the command's own status: \(finished.errors)")
                let prefix = "dt\(process.processID)h"
                #expect(
                    finished.output.contains(prefix + "0") && finished.output.contains(prefix + "1"),
                    "\(finished.output)")
                #expect(
                    finished.output.contains("dev eth0") && finished.output.contains("rate 100Mbit"),
                    "\(finished.output)")
                let after = try Program.finish(
                    ChildProcess("ip", ["netns", "list"], standardOutput: .capture, standardError: .capture),
                    seconds: 10)
                #expect(!after.output.contains(prefix))
            }

            /// B and C do not reach each other: the pair is named, the later one waits, the others train.
            @Test func pairWithoutAPath() throws {
                let lan = try LAN(hosts: 3)
                try lan.separate(1, 2)
                let hands = try HandsOnHosts(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "120"])
                let first = try hands.worker(on: 0, joining: "localhost", fault: "rank0:forward:17:stop")
                try hands.log(of: first).wait(for: "session_ready", from: first)
                let second = try hands.worker(on: 1, joining: lan.address(0))
                try hands.log(of: second).wait(for: "session_training", from: second) {
                    $0.integer("rank") == 1 && $0.integer("workers") == 2
                }
                try Processes.waitUntilStopped(first)
                let third = try hands.worker(on: 2, joining: lan.address(0))
                let log = try hands.log(of: coordinator)
                try log.wait(for: "worker_joined", from: coordinator) { $0.integer("worker") == 3 }
                try log.wait(for: "generation_ending", from: coordinator) { $0.isBecause("has joined") }
                first.send(SIGCONT)
                #expect(try hands.bits(coordinator) == quiet)
                let event = try #require(log.events("workers_unreachable").first, "\(log.text)")
                let named = ["worker", "other", "pause_seconds"].map { event.integer($0) }
                #expect(named == [3, 2, 5], "\(event)")
                #expect(field("workers", in: coordinator.standardOutput()) == "2")
                for worker in [first, second, third] { try expectGoodEnd(worker) }
            }

            /// The tasks of a step of Slurm, each on a host of its own, and rank 0 last. Its address is the
            /// first name in the list of nodes.
            @Test(arguments: [false, true]) func theSameLineOnThreeHosts(isIPv6: Bool) throws {
                let lan = try LAN(hosts: 3, isIPv6: isIPv6)
                let hands = try HandsOnHosts(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let log = hands.bench.log("run")
                let line = [
                    "run", hands.bench.config, "--everywhere", "--run-dir", hands.bench.runDirectory("run"),
                    "--token-file", hands.token, "--json", "--peer-timeout", "60",
                ]
                let ranks = try [2, 1, 0].map { rank in
                    let variables = [
                        "SLURM_JOB_ID": "\(getpid())", "SLURM_STEP_ID": "0", "SLURM_PROCID": "\(rank)",
                        "SLURM_NODEID": "\(rank)", "SLURM_STEP_NUM_TASKS": "3",
                        "SLURM_STEP_TASKS_PER_NODE": "1(x3)",
                        "SLURM_STEP_NODELIST": (0..<3).map { lan.address($0) }.joined(separator: ","),
                        // All are there before the fourth step.
                        "DIST_TRAIN_FAULT": (0..<3).map { "rank\($0):forward:3:stop" }
                            .joined(separator: ","),
                    ]
                    return try hands.start(on: rank, line, variables)
                }
                let areReady = try eventually(within: 30) { try log.events("worker_ready").count == 3 }
                #expect(areReady, "\(ranks.map { $0.standardError() })")
                #expect(Processes.continueAll(ranks, until: ranks[2], within: 60))
                #expect(try hands.bits(ranks[2]) == quiet)
                for rank in ranks[..<2] {
                    #expect(Processes.continueAll(ranks, until: rank, within: 20))
                    try expectGoodEnd(rank)
                }
                let launched = try #require(log.events("launched").first)
                #expect(launched.text("host") == lan.address(0))
            }
        }
    }
#endif
