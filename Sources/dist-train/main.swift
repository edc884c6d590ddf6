import Cluster
import Configuration
import System
import Training

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

// Exit status: 0 the job reached its end or stopped cleanly, 64 usage and config errors, 1 anything else.

func fail(_ error: any Error) -> Int32 {
    let text = "\(error)"
    let isRendered = error is ConfigurationError
    let line = (isRendered ? text : "error: \(text)") + "\n"
    line.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    return error is UsageError || error is ConfigurationError || error is SourceFileError || error is PlanError ? 64 : 1
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
        guard let command = Commands.all.first(where: { $0.name == name }) else {
            let nearest = Suggestion.nearest(to: name, among: Commands.all.map(\.name)).map { "did you mean `\($0)`?" }
            throw UsageError("there is no command `\(name)`: \(nearest ?? "see `dist-train --help`")")
        }
        let rest = Array(words.dropFirst())
        if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            print(command.help)
            return 0
        }
        return try command.run(Arguments(rest, options: command.options, command: name))
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
