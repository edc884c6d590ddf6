import Cluster
import HTTP
import Pages
import Platform
import Runs
import System
import Telemetry
import Transport

/// The sink and the server that show a run while it goes on. All members of an ensemble have one, which shows
/// them one after the other. Belongs to the main thread.
final class RunDisplay {
    /// The page that the command line asks for.
    struct Options {
        var endpoint: Endpoint
        /// Lets people and programs look at the page. In no log.
        var key: String
    }

    /// Nil: no page.
    private let options: Options?
    /// The command that started the run.
    private let command: String
    /// The file that holds the link with the key while the page is served.
    private let linkPath: String
    private let log: Log
    private let isQuiet: Bool
    private var page: LivePage?
    /// Whether the page could not be served.
    private var hasFailed = false
    private var server: PageServer?

    /// - Parameter directory: the run directory, or that of an ensemble.
    init(_ program: RunProgram, directory: String, log: Log) {
        options = program.page
        command = program.command.line(setting: [])
        linkPath = Path.join(directory, "page")
        isQuiet = program.verbosity == .quiet
        self.log = log
    }

    /// Shows a run from now on.
    func begin(_ setup: RunSetup) {
        guard let options, !hasFailed else { return }
        let document = RunDocument(RunFacts(setup, command: command), RunOverview(setup))
        guard page == nil else {
            page?.show(document)
            return
        }
        let page = LivePage(document) { [log] in log.dropped }
        self.page = page
        log.add(page)
        serve(page, options)
    }

    /// The run has reached its end, and another member of the ensemble may follow. The log says so of the
    /// ensemble alone.
    func finish(_ result: RunResult) {
        page?.receive(.ending(.finished(RunEvent.Finish(result))), at: Clock.wallSeconds(), from: log.source)
    }

    /// Ends the page within a moment.
    func end() {
        if let page { log.remove(page) }
        guard let server else { return }
        server.end()
        unlink(linkPath)
        self.server = nil
    }

    /// Serves the page. Whatever goes wrong is a warning, and the run goes on.
    private func serve(_ page: LivePage, _ options: Options) {
        do {
            let server = try PageServer(
                page, at: options.endpoint, key: options.key, program: Version.program)
            self.server = server
            try File.writeAtomically(server.link + "\n", to: linkPath, mode: 0o600)
            log.record(.run(.pageListening(address: server.address, linkFile: linkPath)))
            if !server.isLoopback { log.record(.run(.pageUnencrypted(address: server.address))) }
            guard isatty(STDERR_FILENO) == 1, !isQuiet else { return }
            // On a terminal only, because no log file may hold the key.
            Console.standardError.writeLine("  the page:  \(server.link)")
        } catch {
            server?.end()
            server = nil
            log.remove(page)
            hasFailed = true
            log.record(.run(.pageFailed(address: "\(options.endpoint)", reason: "\(error)")))
        }
    }
}
