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

    init(_ job: DigitsJob) throws {
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
    func coordinator(_ more: [String] = [], fault: String? = nil) throws -> ChildProcess {
        let arguments = [
            "coordinator", bench.config, "--listen", "127.0.0.1:\(port)", "--token-file", token, "--json",
        ]
        let process = try start(
            arguments + ["--run-dir", runDirectory] + more, fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:])
        try Program.wait(for: "; a worker joins with", from: process)
        port = try #require(Self.port(in: process.standardError()), "the coordinator says where it listens")
        return process
    }

    /// - Parameter proxy: the port of 127.0.0.`proxyHost` through which it reaches the coordinator
    func worker(
        _ more: [String] = [], _ environment: [String: String] = [:], fault: String? = nil,
        proxy: UInt16? = nil, proxyHost: Int = 2
    ) throws -> ChildProcess {
        let fault = fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:]
        let place = proxy.map { "127.0.0.\(proxyHost):\($0)" } ?? "127.0.0.1:\(port)"
        return try start(
            ["worker", "--join", place, "--token-file", token, "--lanes", "1"] + more,
            fault.merging(environment) { $1 })
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

    /// `listening on 127.0.0.1:43211; a worker joins with: …`
    private static func port(in log: String) -> Int? {
        for line in log.split(separator: "\n") where line.contains("listening on ") {
            guard let end = line.firstIndex(of: ";"), let colon = line[..<end].lastIndex(of: ":") else {
                continue
            }
            return Int(line[line.index(after: colon)..<end])
        }
        return nil
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
