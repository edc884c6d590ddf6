import Checkpoints
import Cluster
import Configuration
import Jobs
import Kernels
import Runs
import System
import Telemetry
import Training
import Transport

/// `run` and `coordinator` for an ensemble: its members are trained one after the other, each in a run
/// directory of its own within the ensemble's.
struct EnsembleProgram {
    private let program: RunProgram
    private let token: SharedToken
    private let local: RunProgram.Local?
    private let count: Int
    private let log = Log(source: "coordinator")

    init(_ program: RunProgram, _ token: SharedToken, _ local: RunProgram.Local?) {
        (self.program, self.token, self.local) = (program, token, local)
        count = program.job.job.ensemble ?? 1
    }

    func run() throws -> Int32 {
        let (job, request) = (program.job, program.setup)
        let path = try RunSetup.path(job.job.name, request)
        log.record(.run(.readingData))
        let data = try DecodedData(reading: job.job.data)
        do {
            _ = try TrainingPlan(job.completed(with: data).job, data.facts)
        } catch {
            throw job.describe(error)
        }
        let directory = request.resume ? try RunDirectory.resume(path) : try RunDirectory.create(path)
        if request.resume { try RunSetup.requireSameJob(as: directory, job) }
        try File.writeAtomically(job.resolved.prettyJSON(nonFinite: .json5) + "\n", to: directory.jobPath)
        do {
            if let status = try trainMembers(path, data) { return status }
        } catch {
            if !request.resume && EnsembleDirectory.members(of: path).isEmpty { directory.discard() }
            throw error
        }
        let result = try EnsembleResult(path, members: count)
        try File.writeAtomically(result.value.prettyJSON() + "\n", to: directory.resultPath)
        print(program.printsJSON ? result.value.prettyJSON() : result.text(job.job.name))
        return 0
    }

    /// The exit status of a member that has not reached its end; nil once all have.
    private func trainMembers(_ path: String, _ data: DecodedData) throws -> Int32? {
        let faults = try FaultPoints.ofEnvironment()
        let session = TrainingSession(token: token, local: local, log: log, signals: try StopSignals())
        var options = program.coordinator
        defer { session.workers?.finish() }
        for index in 0..<count {
            faults.reach("coordinator", "member", index)
            let (job, place) = (program.job.member(index), EnsembleDirectory.member(index, of: path))
            if hasFinished(place, try job.completed(with: data)) {
                log.record(.ensemble(.memberSkipped(member: index)))
                continue
            }
            log.record(
                .ensemble(.memberStarted(member: index, members: count, seed: Int(clamping: job.job.seed))))
            let isResumed = File.exists(Path.join(place, "job.json5"))
            let setup = try RunSetup(
                job, RunSetup.Request(runDirectory: place, resume: isResumed), log: log, data: data)
            // Workers that know the address come again for the next member; others are started anew.
            options.trace = program.coordinator.trace.map { "\($0).member-\(index)" }
            options.isFollowed = program.isOpen && index < count - 1
            let (outcome, address) = try program.train(setup, options, isNew: !isResumed, in: session)
            guard case .finished = outcome.end else {
                return program.recordEnding(outcome, setup, in: path, address, log)
            }
            if program.isOpen {
                options.listen = Endpoint(host: options.listen.host, port: address.port)
            } else {
                session.workers?.finish()
                session.workers = nil
            }
        }
        return nil
    }

    private func hasFinished(_ place: String, _ job: JobFile) -> Bool {
        guard File.exists(Path.join(place, "result.json")),
            let earlier = try? JobFile.load(resolvedFile: Path.join(place, "job.json5"))
        else { return false }
        return earlier.resolved == job.resolved
    }
}

/// The results of the members, and of their mean answer.
private struct EnsembleResult {
    let path: String
    let members: [ConfigValue]
    let sets: [(name: String, metrics: ConfigValue)]

    init(_ path: String, members count: Int) throws {
        self.path = path
        let members = try (0..<count).map {
            try Self.read(Path.join(EnsembleDirectory.member($0, of: path), "result.json"))
        }
        self.members = members
        sets = try ["validation", "test"].map { name in
            let isMeasured = members.allSatisfy { $0[name]?.members != nil }
            return (name, isMeasured ? try Self.evaluation(of: path, on: name) : .null)
        }
    }

    private static func read(_ path: String) throws -> ConfigValue {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(try SourceFile(contentsOf: path), diagnostics: diagnostics)
        try diagnostics.check()
        guard let value else {
            throw CheckpointError("`\(path)` cannot be read; resume the run to write it again")
        }
        return value
    }

    /// Evaluates in another process, which uses the OpenBLAS core of the members whatever this process uses.
    private static func evaluation(of path: String, on set: String) throws -> ConfigValue {
        let process = try ChildProcess(
            Executable.path(), ["evaluate", path, "--data", set, "--json"], standardOutput: .capture,
            standardError: .capture)
        while process.wait(seconds: 10) == nil {}  // its output is complete only after `wait`
        guard process.exitStatus()?.isSuccess == true else {
            throw CheckpointError("the ensemble could not be evaluated: \(process.standardError())")
        }
        let diagnostics = Diagnostics()
        let value = JSON5.parse(
            SourceFile(name: "the evaluation", text: process.standardOutput()), diagnostics: diagnostics)
        try diagnostics.check()
        return value?["metrics"] ?? .null
    }

    var value: ConfigValue {
        let hashes = members.compactMap { member in member["state_sha256"].flatMap { $0.text } }
        return .object([
            ("members", .array(members)), ("ensemble", .object(sets.map { ($0.name, $0.metrics) })),
            ("state_sha256", .string(SHA256.hexDigest(of: Array(hashes.joined().utf8)))),
            ("exact", .bool(members.allSatisfy { $0["exact"] == .bool(true) })),
        ])
    }

    func text(_ name: String) -> String {
        var lines = ["\(name): an ensemble of \(members.count)"]
        for (set, together) in sets where together.members != nil {
            lines.append("  \(set)")
            for (index, member) in members.enumerated() {
                lines.append("    \(TextFormat.left("member \(index)", 12)) \(Self.metrics(member[set]))")
            }
            lines.append("    \(TextFormat.left("together", 12)) \(Self.metrics(together))")
        }
        return (lines + ["  results in   \(path)"]).joined(separator: "\n")
    }

    private static func metrics(_ value: ConfigValue?) -> String {
        (value?.members ?? []).compactMap { member in
            if case .number(let number) = member.value.kind {
                "\(member.key) \(TextFormat.measure(number.value))"
            } else {
                nil
            }
        }.joined(separator: "   ")
    }
}

extension ConfigValue {
    fileprivate var text: String? { if case .string(let text) = kind { text } else { nil } }
}
