import Platform
import Synchronization
import System
import Threads

/// A worker on another host, and the ssh process that holds it.
///
/// A thread talks with the script on the host; see `RemoteScript`. The worker's standard input stays open
/// from then on: when ssh or this process ends, however that happens, the worker reads its end, and ends too.
final class RemoteWorker: WorkerProcess, Sendable {
    /// Seconds in which a host must have answered, the time for reaching it included.
    private static let answerLimit = 60.0
    /// Seconds in which it must have stored the program once all of it is on its way.
    private static let storeLimit = 300.0

    private enum State {
        case talking
        case talked(copiedBytes: Int?)
        case failed(RemoteFailure)
    }

    private let place: RemotePlace
    private let process: ChildProcess
    /// Standard input of ssh.
    private let input: Pipe
    private let state = Mutex<State>(.talking)

    init(_ place: RemotePlace) throws {
        self.place = place
        input = try Pipe()
        var environment = Environment.all()
        environment["DIST_TRAIN_TOKEN"] = nil
        environment["LC_ALL"] = "C"  // the messages of ssh are read
        // Ctrl-C, a hang-up or a scheduler ends all processes of a job. The coordinator then stops at a step
        // boundary, for which ssh is still needed. It leaves signals ignored that it finds ignored.
        let ignoring = "trap '' INT TERM HUP; exec \"$@\""
        process = try ChildProcess(
            "/bin/sh",
            ["-c", ignoring, "sh", place.ssh] + Self.options + place.remote.sshArguments
                + [RemoteScript.command],
            environment: environment, descriptors: [0: input.readEnd], standardOutput: .capture,
            standardError: .capture)
        input.closeReadEnd()
        try Thread(named: "ssh") { [self] in talk() }.detach()
    }

    /// Nothing is asked for, nothing is forwarded, and no connection is left behind for others; one that is
    /// there already is used.
    private static let options =
        ["-T", "-a", "-x"]
        + [
            "BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=3",
            "LogLevel=ERROR", "ClearAllForwardings=yes", "ControlMaster=no", "RemoteCommand=none",
            "PermitLocalCommand=no",
        ].flatMap { ["-o", $0] }

    var processID: Int32 { process.processID }
    var lastWords: String { process.lastWords }

    var course: WorkerCourse {
        switch state.withLock({ $0 }) {
        case .talking: .starting
        case .failed(let failure): .failed("\(failure)")
        case .talked(let copiedBytes):
            process.exitStatus().map { WorkerCourse.ended(Self.status(ofWorker: $0)) }
                ?? .running(copiedBytes: copiedBytes)
        }
    }

    /// A shell's status of a program that a signal has ended is 128 and the signal's number; 255 is ssh's.
    private static func status(ofWorker status: ExitStatus) -> ExitStatus {
        guard case .exited(let code) = status, (129...192).contains(code) else { return status }
        return .killed(signal: code - 128)
    }

    func finish(until deadline: Double, isHurried: Bool) -> ExitStatus? {
        let isTalking = if case .starting = course { true } else { false }
        let patience = isTalking ? 0 : max(0, deadline - Clock.monotonicSeconds())
        if let status = process.wait(seconds: patience) { return Self.status(ofWorker: status) }
        process.send(SIGKILL)  // it ignores SIGTERM
        if !isTalking { input.closeWriteEnd() }
        _ = process.wait(seconds: 5)
        return nil
    }

    // MARK: The conversation

    private func talk() {
        do {
            let copiedBytes = try start()
            state.withLock { $0 = .talked(copiedBytes: copiedBytes) }
        } catch {
            // The script reads the end, and removes what it has of the program.
            input.closeWriteEnd()
            if process.wait(seconds: 5) == nil {
                process.send(SIGKILL)
                _ = process.wait(seconds: 5)
            }
            let failure = (error as? RemoteFailure) ?? RemoteFailure("\(error)")
            state.withLock { $0 = .failed(failure) }
        }
    }

    /// Goes through the conversation. Returns the size of the program if it was copied.
    private func start() throws -> Int? {
        try say(Array(place.header.utf8))
        var copiedBytes: Int?
        var answer = try self.answer(0, within: Self.answerLimit)
        if case .need(let platform) = answer {
            guard platform == place.program.platform else {
                throw RemoteFailure(platform: platform, of: place.program)
            }
            try copy()
            copiedBytes = place.program.file.bytes.count
            answer = try self.answer(1, within: Self.storeLimit)
        }
        switch answer {
        case .ready: try say(Array("\(place.token.hex)\n".utf8))
        case .need: throw RemoteFailure("it asks for the program again and again")
        case .refused(let reason, let detail):
            throw RemoteFailure(
                reason: reason, detail: detail, words: lastWords, version: place.program.version)
        }
        return copiedBytes
    }

    private func copy() throws {
        try say(place.program.file.bytes)
        place.program.file.release(place.program.file.bytes.count)
    }

    /// Writes to the standard input of ssh. If ssh has ended, that is its own failure.
    private func say(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try say($0) } }

    private func say(_ bytes: UnsafeRawBufferPointer) throws {
        do { try input.write(bytes) } catch {
            _ = process.wait(seconds: 5)
            // The script may have told why it has ended.
            if case .refused(let reason, let detail)? = answers.last {
                throw RemoteFailure(
                    reason: reason, detail: detail, words: lastWords, version: place.program.version)
            }
            throw sshFailure
        }
    }

    private var answers: [RemoteScript.Answer] { RemoteScript.answers(in: process.standardOutput()) }

    private var sshFailure: RemoteFailure {
        RemoteFailure(
            sshEndedWith: process.exitStatus(), errors: process.standardError(), host: place.remote)
    }

    /// Waits for the answer of that number.
    private func answer(_ index: Int, within seconds: Double) throws -> RemoteScript.Answer {
        let deadline = Clock.monotonicSeconds() + seconds
        while true {
            let hasEnded = process.exitStatus() != nil
            // After its end, all that it has said is waited for.
            _ = process.wait(seconds: hasEnded ? 2 : 0.02)
            let answers = answers
            if answers.count > index { return answers[index] }
            guard !hasEnded, Clock.monotonicSeconds() < deadline else { throw sshFailure }
        }
    }
}
