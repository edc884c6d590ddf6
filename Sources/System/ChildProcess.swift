import CSystem
import Platform
import Synchronization
import Threads

/// A program that this process started. It inherits the descriptors that it is given and no others, no
/// blocked signal and no ignored one but SIGHUP, if this process ignores it.
///
/// For example:
///
///     let child = try ChildProcess("date", ["-u"], standardOutput: .capture)
///     if child.wait(seconds: 5)?.isSuccess == true { print(child.standardOutput()) }
package final class ChildProcess: Sendable {
    /// The destination of a child's output.
    package enum Output: Sendable {
        /// The destination of this process's own output.
        case inherit
        /// The output is discarded.
        case discard
        /// The output is kept (up to 64 MiB) for `standardOutput()` or `standardError()`.
        case capture
    }

    package let processID: Int32
    private let status = Mutex<ExitStatus?>(nil)
    private let output: CapturedOutput?
    private let errors: CapturedOutput?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is looked up in PATH.
    ///   - arguments: the arguments without the program's name.
    ///   - environment: all variables; nil: those of this process.
    ///   - descriptors: the child's number → the descriptor of this process that it gets under that number.
    ///     Standard input (0) is empty unless given.
    /// - Throws: `SystemError` if the program cannot be started.
    package init(
        _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil,
        descriptors: [Int32: Int32] = [:],
        standardOutput: Output = .inherit, standardError: Output = .inherit
    ) throws {
        let null = try Descriptor(opening: "/dev/null", O_RDWR, to: "open")
        let output = standardOutput == .capture ? try CapturedOutput("stdout") : nil
        let errors = standardError == .capture ? try CapturedOutput("stderr") : nil
        var table = descriptors
        table[0] = table[0] ?? null.number
        table[1] = table[1] ?? output?.writeEnd ?? (standardOutput == .discard ? null.number : 1)
        table[2] = table[2] ?? errors?.writeEnd ?? (standardError == .discard ? null.number : 2)
        self.output = output
        self.errors = errors
        processID = try spawn(program, arguments, environment: environment ?? Environment.all(), table)
        output?.closeWriteEnd()
        errors?.closeWriteEnd()
    }

    /// Returns what the child has written so far; after its end, everything.
    package func standardOutput() -> String { output?.text() ?? "" }

    /// Returns what the child has written to its standard error so far; after its end, everything.
    package func standardError() -> String { errors?.text() ?? "" }

    /// Sends a signal, unless the child is known to have ended.
    package func send(_ signal: Int32) {
        status.withLock { status in
            if status == nil { Children.send(signal, to: processID) }
        }
    }

    /// Returns how the child ended, or nil while it runs. Does not wait.
    package func exitStatus() -> ExitStatus? {
        status.withLock { status in
            status = status ?? Children.end(of: processID)
            return status
        }
    }

    /// Waits for the child's end, at most `seconds`; nil if it still runs then. Captured output is complete
    /// afterwards. A grandchild that keeps the pipe open is waited for within the same bound.
    package func wait(seconds: Double) -> ExitStatus? {
        let deadline = Clock.monotonicSeconds() + seconds
        var pause = 0.000_5
        while true {
            if let status = exitStatus(), isOutputComplete || Clock.monotonicSeconds() >= deadline {
                return status
            }
            if Clock.monotonicSeconds() >= deadline { return nil }
            Clock.sleep(seconds: min(pause, max(0, deadline - Clock.monotonicSeconds())))
            pause = min(0.02, pause * 2)
        }
    }

    /// Asks the child to end (SIGTERM), and forces it to (SIGKILL) after `patience` seconds. Returns when it
    /// has ended.
    @discardableResult
    package func terminate(patience: Double = 5) -> ExitStatus? {
        send(SIGTERM)
        if let status = wait(seconds: patience) { return status }
        send(SIGKILL)
        return wait(seconds: 5)
    }

    private var isOutputComplete: Bool { (output?.isComplete ?? true) && (errors?.isComplete ?? true) }
}

/// The way in which a process ended.
package enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    init(waitWord word: Int32) {
        let signal = word & 0x7F
        self = signal == 0 ? .exited(word >> 8 & 0xFF) : .killed(signal: signal)
    }

    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(0): "ended normally"
        case .exited(let status): "ended with status \(status)"
        case .killed(let signal): "was killed by \(Signals.name(of: signal))"
        }
    }
}

/// Collects the bytes that come out of a pipe, on a thread of its own.
private final class CapturedOutput: Sendable {
    private static let limit = 64 << 20
    private let pipe: Pipe
    private let collected = Collected()

    private final class Collected: Sendable {
        let bytes = Mutex<(text: [UInt8], isComplete: Bool)>(([], false))
    }

    init(_ name: String) throws {
        let pipe = try Pipe()
        self.pipe = pipe
        try Thread(named: name) { [collected] in
            Pipe.readToEnd(pipe.readEnd, limit: CapturedOutput.limit) { piece in
                collected.bytes.withLock { $0.text.append(contentsOf: piece) }
            }
            collected.bytes.withLock { $0.isComplete = true }
            pipe.closeReadEnd()
        }.detach()
    }

    deinit { pipe.closeWriteEnd() }

    var writeEnd: Int32 { pipe.writeEnd }
    var isComplete: Bool { collected.bytes.withLock { $0.isComplete } }
    func closeWriteEnd() { pipe.closeWriteEnd() }
    func text() -> String { collected.bytes.withLock { String(decoding: $0.text, as: UTF8.self) } }
}
