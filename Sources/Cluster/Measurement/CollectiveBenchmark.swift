import System
import Transport

/// Measures reduce-scatter and all-gather between processes on this machine.
///
/// The parent starts a process for each rank and passes it a token through its standard input. Each process
/// answers with the port that it listens on, and is told the ports of all. Rank 0 prints the results. A
/// member ends when its standard input does, so that none leaves before all have finished.
package struct CollectiveBenchmark {
    /// The sizes of the usual table: 1 KB to 100 MB.
    package static let usualSizes = [1_000, 16_000, 250_000, 1_000_000, 4_000_000, 25_000_000, 100_000_000]

    package let workers: Int
    package let sizes: [Int]
    package let protection: Protection

    /// The result for one size. Times are seconds per call.
    package struct Result: Equatable, Sendable {
        package var workers: Int
        package var bytes: Int
        package var best: Double
        package var median: Double
    }

    package init(workers: Int, sizes: [Int], protection: Protection = .tls) {
        self.workers = workers
        self.sizes = sizes
        self.protection = protection
    }

    /// Measures all sizes, and reports each result when it is known.
    package func run(_ report: (Result) -> Void) throws {
        let token = SharedToken.random()
        var members: [Member] = []
        defer { for member in members { member.end() } }
        for rank in 0..<workers { members.append(try Member(rank, self, token)) }
        let ports = try members.indices.map { try line(0, of: members[$0], members, seconds: 30) }
        for member in members { try member.input.write(Array((ports.joined(separator: " ") + "\n").utf8)) }
        for (index, bytes) in sizes.enumerated() {
            let words = try line(1 + index, of: members[0], members, seconds: 120).split(separator: " ")
                .compactMap { Double($0) }
            guard words.count == 2 else {
                throw SystemError("a worker process of the benchmark answered nonsense; try again")
            }
            report(Result(workers: workers, bytes: bytes, best: words[0], median: words[1]))
        }
        for rank in members.indices {
            _ = try line(rank == 0 ? 1 + sizes.count : 1, of: members[rank], members, seconds: 60)
        }
    }

    /// Waits for a whole line of a member's output, and returns it.
    private func line(_ index: Int, of member: Member, _ members: [Member], seconds: Double) throws -> String
    {
        let deadline = Clock.monotonicSeconds() + seconds
        while true {
            let lines = member.process.standardOutput().split(
                separator: "\n", omittingEmptySubsequences: false)
            if lines.count > index + 1 { return String(lines[index]) }
            for other in members where other.process.exitStatus() != nil {
                throw SystemError(
                    "a worker process of the benchmark ended too soon: \(other.process.standardError())")
            }
            guard Clock.monotonicSeconds() < deadline else {
                throw SystemError(
                    """
                    the benchmark's worker processes did not answer for \
                    \(TextFormat.duration(seconds)); try again
                    """
                )
            }
            Clock.sleep(seconds: 0.01)
        }
    }

    private final class Member {
        let input: Pipe
        let process: ChildProcess

        init(_ rank: Int, _ benchmark: CollectiveBenchmark, _ token: SharedToken) throws {
            input = try Pipe()
            try input.write(Array((token.hex + "\n").utf8))
            let sizes = benchmark.sizes.map { "\($0)" }.joined(separator: ",")
            let arguments = [
                "bench", "member", "--rank", "\(rank)", "--workers", "\(benchmark.workers)", "--bytes", sizes,
            ]
            process = try ChildProcess(
                Executable.path(), arguments + (benchmark.protection == .plaintext ? ["--plaintext"] : []),
                descriptors: [0: input.readEnd], standardOutput: .capture, standardError: .capture)
            input.closeReadEnd()
        }

        func end() {
            input.closeWriteEnd()
            if process.wait(seconds: 5) == nil { process.terminate() }
        }
    }
}
