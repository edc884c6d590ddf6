import Platform
import System
import TestSupport
import Testing

#if os(Linux)
    /// A coordinator and workers on the hosts of a LAN.
    final class HandsOnHosts {
        let bench: Bench
        private let lan: LAN
        let token: String
        private var processes: [ChildProcess] = []
        private var logs: [Int32: EventLog] = [:]

        init(_ job: DigitsJob, _ lan: LAN) throws {
            (bench, self.lan) = (try Bench(job), lan)
            token = try bench.directory.write("token", randomHex(bytes: 32) + "\n")
        }

        deinit {
            for process in processes where process.exitStatus() == nil { process.send(SIGKILL) }
            for process in processes { _ = process.wait(seconds: 5) }
        }

        func coordinator(_ more: [String]) throws -> ChildProcess {
            let arguments = [
                "coordinator", bench.config, "--token-file", token, "--json", "--run-dir",
                bench.runDirectory("run"),
            ]
            let process = try start(on: 0, arguments + more)
            logs[process.processID] = bench.log("run")
            try log(of: process).wait(for: "listening", from: process)
            return process
        }

        /// Each host has a cache of its own, as it has a disk of its own.
        func worker(
            on host: Int, joining address: String, _ more: [String] = [], fault: String? = nil
        ) throws -> ChildProcess {
            let log = bench.directory.file("worker-\(processes.count).jsonl")
            let process = try start(
                on: host,
                [
                    "worker", "--join", address, "--token-file", token, "--lanes", "1", "--cache-dir",
                    bench.directory.file("cache\(host)"), "--log-file", log,
                ] + more,
                fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:])
            logs[process.processID] = EventLog(path: log)
            return process
        }

        /// The events of a coordinator or worker that was started here.
        func log(of process: ChildProcess) throws -> EventLog { try #require(logs[process.processID]) }

        func bits(_ coordinator: ChildProcess, seconds: Double = 60) throws -> Bits {
            let finished = try Program.finish(coordinator, seconds: seconds)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            return try Bits(finished, bench.runDirectory("run"))
        }

        func start(on host: Int, _ arguments: [String], _ more: [String: String] = [:]) throws
            -> ChildProcess
        {
            // `ip netns exec` becomes the program: the process id stays.
            let process = try ChildProcess(
                "ip", ["netns", "exec", lan.name(host), Program.path] + arguments,
                environment: Program.environment(bench.path, bench.environment(more)),
                standardOutput: .capture, standardError: .capture)
            processes.append(process)
            return process
        }
    }

    /// Network namespaces on a bridge; removed when nobody holds it any more.
    final class LAN {
        private let prefix = "dt\(getpid() % 100_000)"
        private let hosts: Int
        private let isIPv6: Bool
        private var bridge: String { prefix + "br" }

        struct NoNetwork: Error, CustomStringConvertible { let description: String }

        /// Whether this process may make network namespaces.
        static let isPossible = geteuid() == 0 && (try? ip(["netns", "list"])) != nil
        static let requirement: Comment = "network namespaces need root and `ip`"

        /// - Parameter isIPv6: the hosts have IPv6 addresses alone.
        init(hosts: Int, isIPv6: Bool = false) throws {
            self.hosts = hosts
            self.isIPv6 = isIPv6
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
        func address(_ host: Int) -> String { isIPv6 ? addressOfIPv6(host) : "10.213.77.\(host + 1)" }

        private func connect(_ host: Int) throws {
            let (name, outside, inside) = (name(host), "\(prefix)v\(host)", "\(prefix)w\(host)")
            try Self.ip(["netns", "add", name])
            try Self.ip(["link", "add", outside, "type", "veth", "peer", "name", inside])
            try Self.ip(["link", "set", outside, "master", bridge, "up"])
            try Self.ip(["link", "set", inside, "netns", name])
            let address = isIPv6 ? ["\(address(host))/64", "nodad"] : ["\(address(host))/24"]
            try Self.ip(["-n", name, "address", "add"] + address + ["dev", inside])
            try Self.ip(["-n", name, "link", "set", inside, "up"])
            try Self.ip(["-n", name, "link", "set", "lo", "up"])
        }

        /// The IPv6 address of a host that has one beside its IPv4 address.
        func addressOfIPv6(_ host: Int) -> String { "fd00:d7::\(host + 1)" }

        /// Gives every host an IPv6 address beside the IPv4 one.
        func addIPv6() throws {
            for host in 0..<hosts {
                try Self.ip([
                    "-n", name(host), "address", "add", "\(addressOfIPv6(host))/64", "nodad", "dev",
                    "\(prefix)w\(host)",
                ])
            }
        }

        /// Gives a host with an IPv6 address one of IPv4 too: 10.213.77.1 to host 0.
        func addIPv4(to host: Int) throws {
            try Self.ip([
                "-n", name(host), "address", "add", "10.213.77.\(host + 1)/24", "dev", "\(prefix)w\(host)",
            ])
        }

        /// Makes a bridge on a host, with the address that Docker's has everywhere.
        func addBridge(_ bridge: String, to host: Int) throws {
            try Self.ip(["-n", name(host), "link", "add", bridge, "type", "bridge"])
            try Self.ip(["-n", name(host), "address", "add", "172.17.0.1/16", "dev", bridge])
            try Self.ip(["-n", name(host), "link", "set", bridge, "up"])
        }

        /// Neither finds a way to the other.
        func separate(_ one: Int, _ other: Int) throws {
            try Self.ip(["-n", name(one), "route", "add", "blackhole", "\(address(other))/32"])
            try Self.ip(["-n", name(other), "route", "add", "blackhole", "\(address(one))/32"])
        }

        /// Drops the packets from `one` to the other; those from the other to `one` arrive.
        func silence(_ one: Int, towards other: Int) throws {
            try Self.ip(["-n", name(one), "route", "add", "blackhole", "\(address(other))/32"])
        }

        func heal(_ one: Int, towards other: Int) throws {
            try Self.ip(["-n", name(one), "route", "delete", "blackhole", "\(address(other))/32"])
        }

        /// Pulls the host's cable, or puts it in again.
        func setCable(of host: Int, isIn: Bool) throws {
            try Self.ip(["link", "set", "\(prefix)v\(host)", isIn ? "up" : "down"])
        }

        /// Gives every link a rate, in both directions.
        func shape(rate: String) throws {
            let queue = ["root", "tbf", "rate", rate, "burst", "16kb", "latency", "100ms"]
            for host in 0..<hosts {
                try Self.call("tc", ["qdisc", "add", "dev", "\(prefix)v\(host)"] + queue)
                try Self.call("tc", ["-n", name(host), "qdisc", "add", "dev", "\(prefix)w\(host)"] + queue)
            }
        }

        private func remove() {
            for host in 0..<hosts {
                _ = try? Self.ip(["link", "delete", "\(prefix)v\(host)"])
                _ = try? Self.ip(["netns", "delete", name(host)])
            }
            _ = try? Self.ip(["link", "delete", bridge])
        }

        private static func ip(_ arguments: [String]) throws { try call("ip", arguments) }

        private static func call(_ program: String, _ arguments: [String]) throws {
            let process = try ChildProcess(
                program, arguments, standardOutput: .discard, standardError: .capture)
            guard let status = process.wait(seconds: 10), status.isSuccess else {
                throw NoNetwork(
                    description:
                        "`\(program) \(arguments.joined(separator: " "))`: \(process.standardError())")
            }
        }
    }
#endif
