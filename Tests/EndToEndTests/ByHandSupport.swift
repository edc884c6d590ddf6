import Platform
import System
import TestSupport
import Testing

/// A coordinator and workers that are started one by one, as people do on several machines.
final class ByHand {
    let bench: Bench
    private let token: String
    private(set) var port = 0
    private var processes: [ChildProcess] = []
    private var logs: [Int32: EventLog] = [:]

    init(_ job: any ExactJob) throws {
        bench = try Bench(job)
        runDirectory = bench.runDirectory("run")
        token = try bench.directory.write("token", randomHex(bytes: 32) + "\n")
    }

    /// Whatever a test that failed has left behind; a stopped process does not hear SIGTERM.
    deinit {
        for process in processes where process.exitStatus() == nil { process.send(SIGKILL) }
        for process in processes { _ = process.wait(seconds: 5) }
    }

    var runDirectory: String

    /// Starts a coordinator on the port of the one before, or on any.
    ///
    /// - Parameter member: for an ensemble, the directory of the member whose log is read.
    func coordinator(_ more: [String] = [], fault: String? = nil, member: String = "") throws -> ChildProcess
    {
        let arguments = [
            "coordinator", bench.config, "--listen", "127.0.0.1:\(port)", "--token-file", token, "--json",
        ]
        let log = EventLog(run: Path.join(runDirectory, member), continues: true)
        let process = try start(
            arguments + ["--run-dir", runDirectory] + more, fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:])
        logs[process.processID] = log
        port = try #require(log.wait(for: "listening", from: process).integer("port"))
        return process
    }

    /// The events of a coordinator or worker that was started here.
    func log(of process: ChildProcess) throws -> EventLog { try #require(logs[process.processID]) }

    /// - Parameter proxy: the port of 127.0.0.`proxyHost` through which it reaches the coordinator
    func worker(
        _ more: [String] = [], _ environment: [String: String] = [:], fault: String? = nil,
        proxy: UInt16? = nil, proxyHost: Int = 2
    ) throws -> ChildProcess {
        let fault = fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:]
        let place = proxy.map { "127.0.0.\(proxyHost):\($0)" } ?? "127.0.0.1:\(port)"
        let log = bench.directory.file("worker-\(processes.count).jsonl")
        let process = try start(
            ["worker", "--join", place, "--token-file", token, "--lanes", "1", "--log-file", log] + more,
            fault.merging(environment) { $1 })
        logs[process.processID] = EventLog(path: log)
        return process
    }

    /// - Parameter program: dist-train itself, or another one that is to end with the test
    func start(
        _ arguments: [String], _ environment: [String: String], descriptors: [Int32: Int32] = [:],
        program: String = Program.path
    ) throws -> ChildProcess {
        let process = try ChildProcess(
            program, arguments, environment: Program.environment(bench.path, bench.environment(environment)),
            descriptors: descriptors, standardOutput: .capture, standardError: .capture)
        processes.append(process)
        return process
    }

    func bits(_ coordinator: ChildProcess, seconds: Double = 60) throws -> Bits {
        let finished = try Program.finish(coordinator, seconds: seconds)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        return try Bits(finished, runDirectory)
    }
}

/// A worker has ended well.
func expectGoodEnd(_ worker: ChildProcess, seconds: Double = 20) throws {
    let finished = try Program.finish(worker, seconds: seconds)
    #expect(finished.status == .exited(0), "\(finished.errors)")
}

/// A process has ended with status 1 and a sentence.
func expectRefusal(_ process: ChildProcess, naming words: [String], seconds: Double = 20) throws {
    let finished = try Program.finish(process, seconds: seconds)
    #expect(finished.status == .exited(1), "\(finished.errors)")
    for word in words { #expect(finished.errors.contains(word), "`\(word)` in: \(finished.errors)") }
}
