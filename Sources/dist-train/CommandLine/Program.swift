import Cluster
import Configuration
import Datasets
import Jobs
import Platform
import System
import Telemetry

/// The program as its user sees it: words go in, text and an exit status come out.
///
/// Exit status: 0 if the command did what it was asked for, 64 for mistakes on the command line or in a
/// config, 1 for everything else.
enum Program {
    /// Runs the command that the words name, and returns the exit status.
    static func run(_ words: [String]) -> Int32 {
        Signals.ignoreHarmless()
        Signals.explainCrashesOfLimitedMemory()
        let status: Int32
        do {
            try Children.reapIfFirst()
            try Signals.endAtOnce(status: nil)
            try InheritedDescriptors.endWithParent(afterToken: false)
            let global = try GlobalOptions(words)
            TerminalStyle.choose(global.color)
            ReadingProgress.show { Console.standardError.drawBar($0) }
            status = try check(global.words) ?? help(global.words) ?? prepared(global.words)()
        } catch {
            status = report(error)
        }
        return flushOutput(status)
    }

    /// Prints the help or the version if the words ask for it, and returns the exit status; nil otherwise.
    private static func help(_ words: [String]) throws -> Int32? {
        guard let name = words.first, !["--help", "-h"].contains(name), words != ["help"] else {
            print(Commands.help(width: width))
            return words.isEmpty ? 64 : 0
        }
        if ["--version", "-V", "version"].contains(name) {
            print(Version.program)
            return 0
        }
        let asked = name == "help" ? Array(words.dropFirst()) : words
        let asksForHelp = words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
        guard asksForHelp || name == "help" else { return nil }
        guard let text = Commands.help(for: asked, width: width) else {
            _ = try Commands.find(asked)
            return nil
        }
        print(text)
        return 0
    }

    /// The columns of help: those of the terminal, at most 100, which are read easily.
    private static var width: Int { min(100, Console.standardOutputWidth ?? 80) }

    /// `dist-train --check COMMAND …` says whether this command line and the variables of this program would
    /// be accepted, and does nothing else: the tests of units, scripts and manifests give it theirs. Returns
    /// nil if the words ask for something else.
    private static func check(_ words: [String]) throws -> Int32? {
        guard words.first == "--check" else { return nil }
        guard words.count > 1 else { throw UsageError("--check needs a command line behind it") }
        try KnownVariables.check(Environment.all())
        _ = try prepared(Array(words.dropFirst()))
        print("ok")
        return 0
    }

    /// Understands a command line, and returns what it asks for.
    private static func prepared(_ words: [String]) throws -> Command.Action {
        let (command, rest) = try Commands.find(words)
        if let core = Environment.value("OPENBLAS_CORETYPE"), !core.isEmpty, !Processor.isBLASCore(core) {
            throw UsageError(
                "OPENBLAS_CORETYPE=\(core) names no core that OpenBLAS knows here: unset it, or take one of"
                    + " \(Processor.blasCores.joined(separator: ", "))")
        }
        return try command.prepare(Arguments(rest, options: command.options, command: command.name))
    }

    /// Writes an error on standard error, and returns the exit status that it means.
    private static func report(_ error: any Error) -> Int32 {
        let style = TerminalStyle.standardError
        let width = style.canRedraw ? Console.standardError.width : nil
        // An excerpt of the config stands behind a margin of six columns.
        let excerpt = width.map { max(24, min(100, $0 - 7)) } ?? 100
        let message = LogFormat.printable("error: \(error)", lineBreak: "\n")
        let text =
            (error as? ConfigurationError).map { style.painted(report: $0.rendered(width: excerpt)) }
            ?? style.painted(error: LogFormat.fitted(message, width: width, margin: 7))
        let line = text + "\n"
        line.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
        let isUsersMistake =
            error is UsageError || error is ConfigurationError || error is SourceFileError
            || error is PlanError
        return isUsersMistake ? 64 : 1
    }

    /// Writes what is buffered. Standard output may be a file on a full disk, which is a failure; a reader
    /// that has read enough of it (`| head`) is none.
    private static func flushOutput(_ status: Int32) -> Int32 {
        guard fflush(nil) != 0, errno != EPIPE else { return status }
        return report(SystemError(cannot: "write the standard output"))
    }
}
