import System
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

#if os(Linux)
    extension Exactness {
        /// Several hosts, each a network namespace, on one bridge. Needs root and `ip`.
        @Suite struct Hosts {
            static let job = DigitsJob(steps: 60)

            /// On host A a worker that joined by `localhost`; on B and C workers with addresses of their own.
            @Test func threeHosts() throws {
                guard let lan = try LAN.ifPossible(hosts: 3) else { return }
                let hands = try Hands(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "3"])
                let workers = [
                    try hands.worker(on: 0, joining: "localhost"), try hands.worker(on: 1, joining: lan.address(0)),
                    try hands.worker(on: 2, joining: lan.address(0)),
                ]
                #expect(try hands.bits(coordinator) == quiet)
                #expect(field("workers", in: coordinator.standardOutput()) == "3")
                for worker in workers { try expectGoodEnd(worker) }
            }

            /// The script that measures with links of a given rate: the hosts are there for the command, reach each other, and are gone behind it.
            @Test func scriptForShapedLinks() throws {
                guard try LAN.ifPossible(hosts: 0) != nil else { return }
                let command =
                    "ip netns list; ip -n ${NAMESPACE}1 route get $NETWORK.1; ip netns exec ${NAMESPACE}1 tc qdisc show dev eth0; exit 7"
                let script = Path.join(Repository.path, "deploy/namespaces")
                let process = try ChildProcess(
                    script, ["2", "100mbit", "sh", "-c", command], standardOutput: .capture, standardError: .capture)
                let finished = try Program.finish(process, seconds: 30)
                #expect(finished.status == .exited(7), "the command's own status: \(finished.errors)")
                let prefix = "dt\(process.processID)h"
                #expect(finished.output.contains(prefix + "0") && finished.output.contains(prefix + "1"), "\(finished.output)")
                #expect(finished.output.contains("dev eth0") && finished.output.contains("rate 100Mbit"), "\(finished.output)")
                let after = try Program.finish(
                    ChildProcess("ip", ["netns", "list"], standardOutput: .capture, standardError: .capture), seconds: 10)
                #expect(!after.output.contains(prefix))
            }

            /// B and C do not reach each other: the pair is named, the later one waits, the others train.
            @Test func pairWithoutAPath() throws {
                guard let lan = try LAN.ifPossible(hosts: 3) else { return }
                try lan.separate(1, 2)
                let hands = try Hands(Self.job, lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "120"])
                let first = try hands.worker(on: 0, joining: "localhost", fault: "rank0:forward:17:stop")
                try Program.wait(for: "ready (", from: first)
                let second = try hands.worker(on: 1, joining: lan.address(0))
                try Program.wait(for: "rank 1 of 2", from: second)
                try Processes.waitUntilStopped(first)
                let third = try hands.worker(on: 2, joining: lan.address(0))
                try Program.wait(for: "worker 3 (", from: coordinator)
                try Program.wait(for: "has joined", from: coordinator)
                first.send(SIGCONT)
                #expect(try hands.bits(coordinator) == quiet)
                let log = coordinator.standardError()
                #expect(log.contains("cannot reach each other in either direction"), "\(log)")
                let complaint = log.split(separator: "\n").first { $0.contains("cannot reach each other in either direction") } ?? ""
                #expect(complaint.contains("worker 3 (") && complaint.contains("worker 2 ("), "\(complaint)")
                #expect(complaint.contains("waits for 5 s"), "\(complaint)")
                #expect(field("workers", in: coordinator.standardOutput()) == "2")
                for worker in [first, second, third] { try expectGoodEnd(worker) }
            }
        }
    }

    /// A coordinator and workers on the hosts of a LAN.
    private final class Hands {
        let bench: Bench
        private let lan: LAN
        private let token: String
        private var processes: [ChildProcess] = []

        init(_ job: DigitsJob, _ lan: LAN) throws {
            (bench, self.lan) = (try Bench(job), lan)
            token = try bench.directory.write("token", TextFormat.hex(secureRandomBytes(32)) + "\n")
        }

        deinit {
            for process in processes where process.exitStatus() == nil { process.send(SIGKILL) }
            for process in processes { _ = process.wait(seconds: 5) }
        }

        func coordinator(_ more: [String]) throws -> ChildProcess {
            let arguments = ["coordinator", bench.config, "--token-file", token, "--json", "--run-dir", bench.runDirectory("run")]
            let process = try start(on: 0, arguments + more)
            try Program.wait(for: "; a worker joins with", from: process)
            return process
        }

        /// Each host has a cache of its own, as it has a disk of its own.
        func worker(on host: Int, joining address: String, fault: String? = nil) throws -> ChildProcess {
            try start(
                on: host,
                ["worker", "--join", address, "--token-file", token, "--lanes", "1", "--cache-dir", bench.directory.file("cache\(host)")],
                fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:])
        }

        func bits(_ coordinator: ChildProcess) throws -> Bits {
            let finished = try Program.finish(coordinator)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            return try Bits(finished, bench.runDirectory("run"))
        }

        private func start(on host: Int, _ arguments: [String], _ more: [String: String] = [:]) throws -> ChildProcess {
            // `ip netns exec` becomes the program: the process id stays.
            let process = try ChildProcess(
                "ip", ["netns", "exec", lan.name(host), Program.path] + arguments,
                environment: Program.environment(bench.path, bench.environment(more)), standardOutput: .capture, standardError: .capture)
            processes.append(process)
            return process
        }
    }

    /// Network namespaces on a bridge; removed when nobody holds it any more.
    private final class LAN {
        private let prefix = "dt\(getpid() % 100_000)"
        private let hosts: Int
        private var bridge: String { prefix + "br" }

        struct NoNetwork: Error, CustomStringConvertible { let description: String }

        /// Nil, with a word about it, where namespaces cannot be made.
        static func ifPossible(hosts: Int) throws -> LAN? {
            guard geteuid() == 0 else {
                print("tests with network namespaces need root: not run")
                return nil
            }
            guard (try? ip(["netns", "list"])) != nil else {
                print("tests with network namespaces need `ip` and the right to make them: not run")
                return nil
            }
            return try LAN(hosts: hosts)
        }

        private init(hosts: Int) throws {
            self.hosts = hosts
            remove()
            do {
                try Self.ip(["link", "add", bridge, "type", "bridge"])
                try Self.ip(["link", "set", bridge, "up"])
                for host in 0..<hosts { try connect(host) }
            } catch {
                remove()
                throw error
            }
        }

        deinit { remove() }

        func name(_ host: Int) -> String { "\(prefix)h\(host)" }
        func address(_ host: Int) -> String { "10.213.77.\(host + 1)" }

        private func connect(_ host: Int) throws {
            let (name, outside, inside) = (name(host), "\(prefix)v\(host)", "\(prefix)w\(host)")
            try Self.ip(["netns", "add", name])
            try Self.ip(["link", "add", outside, "type", "veth", "peer", "name", inside])
            try Self.ip(["link", "set", outside, "master", bridge, "up"])
            try Self.ip(["link", "set", inside, "netns", name])
            try Self.ip(["-n", name, "address", "add", "\(address(host))/24", "dev", inside])
            try Self.ip(["-n", name, "link", "set", inside, "up"])
            try Self.ip(["-n", name, "link", "set", "lo", "up"])
        }

        /// Neither finds a way to the other.
        func separate(_ one: Int, _ other: Int) throws {
            try Self.ip(["-n", name(one), "route", "add", "blackhole", "\(address(other))/32"])
            try Self.ip(["-n", name(other), "route", "add", "blackhole", "\(address(one))/32"])
        }

        private func remove() {
            for host in 0..<hosts {
                _ = try? Self.ip(["link", "delete", "\(prefix)v\(host)"])
                _ = try? Self.ip(["netns", "delete", name(host)])
            }
            _ = try? Self.ip(["link", "delete", bridge])
        }

        private static func ip(_ arguments: [String]) throws {
            let process = try ChildProcess("ip", arguments, standardOutput: .discard, standardError: .capture)
            guard let status = process.wait(seconds: 10), status.isSuccess else {
                throw NoNetwork(description: "`ip \(arguments.joined(separator: " "))`: \(process.standardError())")
            }
        }
    }
#endif
