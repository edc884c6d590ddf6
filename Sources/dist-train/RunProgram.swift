import Checkpoints
import Cluster
import Configuration
import Kernels
import Synchronization
import System
import Telemetry
import Training
import Transport

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What `run` and `coordinator` have in common: from the job to the printed result.
struct RunProgram {
    var job: JobFile
    var setup: RunSetup.Request
    var coordinator: CoordinatorOptions
    var printsJSON: Bool
    /// The command that resumes this run, but for `--run-dir` and `--resume`.
    var command: [String]

    /// The workers that `run` starts; nil: others start them.
    struct Local {
        var count: Int
        var lanes: Int?
    }

    /// Runs to the end; the process's exit status.
    func run(token: SharedToken, local: Local?) throws -> Int32 {
        establishFloatingPointMode()
        let log = Log(source: "coordinator")
        let isResuming = setup.resume
        let setup = try RunSetup(job, setup, log: log)
        log.record(in: try AppendFile(setup.directory.logPath))
        let coordinator = try Coordinator(setup, coordinator, token: token, log: log)
        let address: SocketAddress
        do { address = try coordinator.listen() } catch {
            if !isResuming { setup.directory.discard() }
            throw error
        }
        try watchSignals(coordinator)
        log.info(
            "\(job.job.name): \(TextFormat.grouped(setup.plan.network.layout.parameterCount)) parameters, \(TextFormat.grouped(setup.plan.totalSteps)) steps; run directory \(setup.directory.path)"
        )
        var workers: LocalWorkers?
        if let local {
            let started = try start(local, address, token)
            coordinator.watch = { [unowned coordinator] in
                if let failure = started.failure() { return failure }
                return started.haveEnded && !coordinator.hasWorkers
                    ? "all worker processes of this run have ended before it; start it again with --resume" : nil
            }
            workers = started
        }
        if local == nil || !address.isLoopback { sayHowToJoin(address, token, log) }
        let outcome = try coordinator.run()
        workers?.finish()
        return try report(outcome, setup, address, log)
    }

    private func start(_ local: Local, _ address: SocketAddress, _ token: SharedToken) throws -> LocalWorkers {
        let host = address.isAny ? (address.isIPv6 ? "::1" : "127.0.0.1") : address.host
        let lanes = local.lanes ?? max(1, Processor.cores / max(1, local.count))
        var arguments = ["worker", "--join", "\(Endpoint(host: host, port: address.port))", "--lanes", "\(lanes)"]
        if address.isLoopback { arguments += ["--listen", "127.0.0.1:0"] }
        return try LocalWorkers(count: local.count, arguments: arguments, token: token)
    }

    /// A second signal ends the process at once.
    private func watchSignals(_ coordinator: Coordinator) throws {
        let count = SignalCount()
        try Signals.deliver([SIGINT, SIGTERM]) { _ in
            if count.next() > 1 { _exit(130) }
            coordinator.stop()
        }
    }

    private func sayHowToJoin(_ address: SocketAddress, _ token: SharedToken, _ log: Log) {
        let port = address.port == 7070 ? "" : ":\(address.port)"
        let hosts = address.isAny ? SocketAddress.localInterfaces().filter { !$0.isIPv6 }.map(\.host) : [address.host]
        let host = hosts.first ?? "localhost"
        let others = hosts.count > 1 ? "  (or \(hosts.dropFirst().joined(separator: ", ")))" : ""
        log.info(
            "listening on \(address); a worker joins with:  dist-train worker --join \(host.contains(":") ? "[\(host)]" : host)\(port)\(others)"
        )
        guard isatty(STDERR_FILENO) == 1 else { return }
        // On the terminal only: log files must not hold it.
        Console.standardError.writeLine("  the token, asked for once on each machine:\n  \(token.hex)")
    }

    private func report(_ outcome: RunOutcome, _ setup: RunSetup, _ address: SocketAddress, _ log: Log) throws -> Int32 {
        switch outcome.end {
        case .finished:
            guard let result = outcome.result else { return 1 }
            if printsJSON { print(result.value.prettyJSON()) } else { print(summary(result, setup)) }
            return 0
        case .stopped(let step):
            log.info("stopped after step \(step) of \(setup.plan.totalSteps); resume with:  \(resumeCommand(setup, address))")
            return 0
        case .failed(let reason):
            log.error(reason)
            if let newest = try? setup.directory.checkpoints.list().first {
                log.info("the last checkpoint is \(newest.path); resume with:  \(resumeCommand(setup, address))")
            } else {
                log.info("there is no checkpoint yet; start again with:  \(resumeCommand(setup, address))")
            }
            return 1
        }
    }

    /// With the port that was chosen, where the system chose one: workers look for the coordinator there.
    private func resumeCommand(_ setup: RunSetup, _ address: SocketAddress) -> String {
        var command = command
        if let index = command.firstIndex(of: "--listen"), index + 1 < command.count { command[index + 1] = "\(address)" }
        if let index = command.firstIndex(where: { $0.hasPrefix("--listen=") }) { command[index] = "--listen=\(address)" }
        return (["dist-train"] + command + ["--run-dir", setup.directory.path, "--resume"]).map(quoted).joined(separator: " ")
    }

    private func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-_./:=,@%+".utf8.contains(byte)
        }
        return plain && !word.isEmpty
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private func summary(_ result: RunResult, _ setup: RunSetup) -> String {
        func line(_ name: String, _ totals: Totals?) -> String? {
            totals.map { totals in
                let values = totals.values.map { "\($0.name) \(TextFormat.fixed($0.value, 4))" }.joined(separator: "   ")
                return "  \(TextFormat.left(name, 12)) \(values)"
            }
        }
        let classes = setup.data.train.classNames ?? []
        func confusion(_ name: String, _ totals: Totals?) -> String? {
            totals?.confusionMatrix.map { "  \(name)'s confusion matrix:\n" + ConfusionTable.text($0, classNames: classes, indent: 4) }
        }
        let lines: [String?] = [
            "\(setup.job.job.name): \(TextFormat.count(result.steps, "step")) (\(TextFormat.count(result.epochs, "epoch"))) with \(TextFormat.count(result.workers, "worker")) in \(TextFormat.duration(result.seconds))",
            line("train", result.train), line("validation", result.validation), line("test", result.test),
            confusion("validation", result.validation), confusion("test", result.test),
            "  state_sha256 \(result.stateSHA256)",
            "  platform     \(result.platform)\(result.isExact ? "" : " (not exact: workers of other platforms took part)")",
            "  results in   \(setup.directory.path)",
        ]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }
}

/// Counts signals.
private final class SignalCount: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
