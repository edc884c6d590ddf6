import System
import Transport

/// The worker processes that `dist-train run` starts on its own machine.
///
/// They get the token through an inherited pipe, and end when this process does, in whatever way: their lifeline closes.
package final class LocalWorkers {
    private let lifeline: Pipe
    private var processes: [ChildProcess] = []
    private var reported: Set<Int32> = []

    /// - Parameters:
    ///   - arguments: of `dist-train`, from the subcommand on.
    package init(count: Int, arguments: [String], token: SharedToken) throws {
        lifeline = try Pipe()
        for _ in 0..<count {
            let tokenPipe = try Pipe()
            try tokenPipe.write(Array(token.hex.utf8))
            tokenPipe.closeWriteEnd()
            var environment = Environment.all()
            environment[InheritedDescriptors.token] = "3"
            environment[InheritedDescriptors.lifeline] = "4"
            environment["DIST_TRAIN_TOKEN"] = nil
            processes.append(
                try ChildProcess(
                    Executable.path(), arguments, environment: environment, descriptors: [3: tokenPipe.readEnd, 4: lifeline.readEnd],
                    standardOutput: .discard, standardError: .capture))
        }
    }

    package var processIDs: [Int32] { processes.map(\.processID) }

    /// A worker process that has failed, with its last words; each is told once.
    package func failure() -> String? {
        for process in processes where !reported.contains(process.processID) {
            guard let status = process.exitStatus(), !status.isSuccess else { continue }
            reported.insert(process.processID)
            let words = process.standardError().split(separator: "\n").suffix(3).joined(separator: " | ")
            return "worker process \(process.processID) \(status)\(words.isEmpty ? "" : ": \(words)")"
        }
        return nil
    }

    /// True once none of the processes is left.
    package var haveEnded: Bool { processes.allSatisfy { $0.exitStatus() != nil } }

    /// Waits for the processes to end by themselves, and ends those that do not.
    package func finish() {
        for process in processes {
            if process.wait(seconds: 5) == nil { _ = process.terminate() }
        }
    }
}
