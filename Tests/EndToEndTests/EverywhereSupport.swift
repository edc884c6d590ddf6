import Platform
import System
import TestSupport
import Testing

/// The ranks of one job, each started by the same line. A process that trains stops itself at the fourth
/// step, until the test says so: then all ranks take part in any case, however fast the machine is.
final class Ranks {
    let hands: ByHand
    let rendezvous: String
    private let more: [String]
    /// The token of all ranks; nil: rank 0 makes one in their home.
    private let token: String?
    private var processes: [ChildProcess] = []

    init(
        _ job: DigitsJob, rendezvous: String = Ranks.randomName(), token: String? = randomHex(bytes: 32),
        _ more: [String] = []
    ) throws {
        hands = try ByHand(job)
        self.rendezvous = rendezvous
        self.token = token
        self.more = more
    }

    static func randomName() -> String { "test-\(randomHex(bytes: 6))" }

    /// The log of rank 0.
    var log: EventLog { EventLog(run: hands.runDirectory) }

    func start(
        _ rank: Int, _ environment: [String: String] = [:], holdingAt step: Int = 3, fault: String = ""
    )
        throws -> ChildProcess
    {
        let options = [
            "--rendezvous", rendezvous, "--join", "127.0.0.1", "--rank", "\(rank)", "--lanes", "1",
        ]
        return try launch(options + more, environment, holdingAt: step, fault: fault)
    }

    /// Starts a rank that gets what it must know in its own way.
    func launch(
        _ options: [String], _ environment: [String: String], holdingAt step: Int = 3, fault: String = ""
    ) throws -> ChildProcess {
        let line = [
            "run", hands.bench.config, "--everywhere", "--run-dir", hands.runDirectory, "--peer-timeout",
            "60",
            "--json",
        ]
        let faults = (0..<3).map { "rank\($0):forward:\(step):stop" } + (fault.isEmpty ? [] : [fault])
        var variables = ["DIST_TRAIN_FAULT": faults.joined(separator: ",")]
        variables["DIST_TRAIN_TOKEN"] = token
        let process = try hands.start(line + options, environment.merging(variables) { $1 })
        processes.append(process)
        return process
    }

    /// Waits until so many workers are ready.
    func wait(workers: Int, of first: ChildProcess, _ log: EventLog? = nil) throws {
        let log = log ?? self.log
        let areReady = try eventually(within: 30) { try log.events("worker_ready").count >= workers }
        #expect(areReady, "\(first.standardError())")
    }

    /// Lets those go on that have stopped themselves, until a rank ends.
    func finish(_ rank: ChildProcess) throws -> Program.Finished {
        let hasEnded = Processes.continueAll(processes, until: rank, within: 60)
        #expect(hasEnded, "\(rank.standardError())")
        return try Program.finish(rank, seconds: 1)
    }

    func bits(_ first: ChildProcess) throws -> Bits {
        _ = try finish(first)
        return try hands.bits(first)
    }

    func expectQuietBits(_ first: ChildProcess) throws { #expect(try bits(first) == hands.bench.quiet()) }

    /// A rank has ended well.
    func expectGoodEnd(_ rank: ChildProcess) throws {
        let end = try finish(rank)
        #expect(end.status == .exited(0), "\(end.errors)")
    }
}
