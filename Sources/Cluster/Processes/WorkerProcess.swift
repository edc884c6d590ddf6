import System

/// A worker process that `run` has started, on this machine or on another host.
package protocol WorkerProcess: AnyObject {
    /// The process on this machine: the worker itself, or ssh.
    var processID: Int32 { get }
    var course: WorkerCourse { get }
    /// The last three lines that it wrote to its standard error.
    var lastWords: String { get }

    /// Lets it end by itself until a time of the monotonic clock, and ends it then. Returns how it ended by
    /// itself.
    /// - Parameter isHurried: there is no time to ask it once more before it is killed.
    func finish(until deadline: Double, isHurried: Bool) -> ExitStatus?
}

/// The course of a worker process.
package enum WorkerCourse: Equatable, Sendable {
    /// Its host is being reached, and gets the program if it lacks it.
    case starting
    /// - Parameter copiedBytes: the size of the program if it was copied to the host.
    case running(copiedBytes: Int?)
    case ended(ExitStatus)
    /// It cannot run; the reason is a sentence.
    case failed(String)
}

/// A place for a worker, which is started there, and started again when it dies.
package protocol WorkerPlace {
    /// The name of another host; nil: this machine.
    var host: String? { get }

    /// - Throws: `SystemError` if this machine cannot start a process.
    func start() throws -> any WorkerProcess
}

extension ChildProcess {
    /// The last three lines that the process wrote to its standard error.
    var lastWords: String {
        _ = wait(seconds: 0.2)  // until they are here
        return standardError().split(whereSeparator: \.isNewline).suffix(3).joined(separator: " | ")
    }
}
