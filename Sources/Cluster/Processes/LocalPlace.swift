import Platform
import System
import Transport

/// A place for a worker on this machine. The worker gets the token through an inherited pipe, and ends when
/// this process does, however that happens, because its lifeline closes.
package struct LocalPlace: WorkerPlace {
    package let host: String? = nil
    private let arguments: [String]
    private let token: SharedToken
    private let lifeline: Pipe

    /// - Parameter arguments: the arguments of `dist-train`, from the subcommand on.
    package init(arguments: [String], token: SharedToken) throws {
        self.arguments = arguments
        self.token = token
        lifeline = try Pipe()
    }

    package func start() throws -> any WorkerProcess {
        let tokenPipe = try Pipe()
        try tokenPipe.write(Array(token.hex.utf8))
        tokenPipe.closeWriteEnd()
        var environment = Environment.all()
        environment[InheritedDescriptors.token] = "3"
        environment[InheritedDescriptors.lifeline] = "4"
        environment["DIST_TRAIN_TOKEN"] = nil
        return LocalWorker(
            process: try ChildProcess(
                Executable.path(), arguments, environment: environment,
                descriptors: [3: tokenPipe.readEnd, 4: lifeline.readEnd],
                standardOutput: .discard, standardError: .capture))
    }
}

private final class LocalWorker: WorkerProcess {
    private let process: ChildProcess

    init(process: ChildProcess) { self.process = process }

    var processID: Int32 { process.processID }
    var course: WorkerCourse { process.exitStatus().map { .ended($0) } ?? .running(copiedBytes: nil) }
    var lastWords: String { process.lastWords }

    func finish(until deadline: Double, isHurried: Bool) -> ExitStatus? {
        if let status = process.wait(seconds: max(0, deadline - Clock.monotonicSeconds())) { return status }
        if isHurried { process.send(SIGKILL) }
        process.terminate()
        return nil
    }
}
