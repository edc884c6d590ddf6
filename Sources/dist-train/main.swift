import Cluster
import Configuration
import Jobs
import Platform
import System
import Telemetry

// Exit status: 0 the job reached its end or stopped cleanly, 64 usage and config errors, 1 anything else.

func fail(_ error: any Error) -> Int32 {
    let text = "\(error)"
    let isRendered = error is ConfigurationError
    let line = (isRendered ? text : LogFormat.printable("error: \(text)", lineBreak: "\n")) + "\n"
    line.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    return error is UsageError || error is ConfigurationError || error is SourceFileError
        || error is PlanError ? 64 : 1
}

func runProgram(_ words: [String]) -> Int32 {
    Signals.ignoreBrokenPipes()
    do {
        guard let name = words.first, !["--help", "-h", "help"].contains(name) else {
            print(Commands.help)
            return words.isEmpty ? 64 : 0
        }
        if name == "--version" {
            print(Version.program)
            return 0
        }
        let asksForHelp = words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
        let family = Commands.family(name)
        if asksForHelp, !family.isEmpty,
            !family.contains(where: { $0.name == words.prefix(2).joined(separator: " ") })
        {
            print(family.map(\.help).joined(separator: "\n\n"))
            return 0
        }
        let (command, rest) = try Commands.find(words)
        if asksForHelp {
            print(command.help)
            return 0
        }
        return try command.run(Arguments(rest, options: command.options, command: command.name))
    } catch {
        return fail(error)
    }
}

/// Standard output may be a file on a full disk; a reader that has had enough of it (`| head`) is no fault.
func flushed(_ status: Int32) -> Int32 {
    guard fflush(nil) != 0, errno != EPIPE else { return status }
    return fail(SystemError(cannot: "write the standard output"))
}

exit(flushed(runProgram(Array(CommandLine.arguments.dropFirst()))))
