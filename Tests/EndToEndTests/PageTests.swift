import Configuration
import Platform
import System
import TestSupport
import Testing
import Threads

/// The page of real runs: what it shows, who may look, and that whoever looks changes nothing.
@Suite(.serialized) struct PageTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private var directory: String { home.file("run") }

    /// The page of a run, from the file in its directory.
    private struct Page {
        let link: String
        let port: UInt16
        let key: String

        var bearer: [String] { ["Authorization: Bearer \(key)"] }

        init(_ directory: String, of process: ChildProcess) throws {
            try EventLog(run: directory).wait(for: "page_listening", from: process)
            link = try File.readText(Path.join(directory, "page"), limit: 4096)
            let address = try #require(link.behind("http://127.0.0.1:"))
            port = try #require(UInt16(address.prefix { $0.isNumber }))
            key = try #require(address.behind("/?key=")).filter { !$0.isNewline }
        }

        func metrics() throws -> String {
            let answer = try WebClient.get("/metrics", port: port, bearer)
            #expect(answer.status == 200)
            return answer.body
        }

        /// The value of a measure without labels.
        func measure(_ name: String) throws -> Double? {
            let line = try metrics().split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line.flatMap { Double($0.dropFirst(name.utf8.count + 1)) }
        }
    }

    private func start(_ more: String...) throws -> ChildProcess {
        try Program.start(
            ["run", Repository.digits, "--run-dir", directory] + more, in: home.path)
    }

    private func parse(_ text: String) throws -> ConfigValue {
        try #require(JSON5.parse(text, name: "a message", diagnostics: Diagnostics()))
    }

    // MARK: What it shows

    /// Curves grow, a killed worker stands in the time line, and the end is told.
    @Test func aViewerFollowsARun() throws {
        let run = try start("--workers", "2", "--set", "epochs=100000")
        defer { run.terminate() }
        let page = try Page(directory, of: run)
        let permissions = try File.permissions(Path.join(directory, "page"))
        #expect(permissions == 0o600)
        try EventLog(run: directory).wait(for: "epoch_finished", from: run)
        let viewer = try WebClient.events(port: page.port, page.bearer)
        let state = try #require(try viewer.event())
        #expect(state.name == "state")
        #expect(try parse(state.data)["state"]?.text == "training")
        var (newest, isGrowing, isLost) = (0, false, false)
        let victim = try #require(Processes.children(of: run.processID).first)
        while !isGrowing || !isLost {
            let change = try #require(try viewer.event(), "\(run.standardError())")
            let value = try parse(change.data)
            for curve in value["curves"]?.elements ?? [] where curve["id"]?.text == "validation.loss" {
                let step = curve["x"]?.elements?.last?.integer ?? 0
                if newest > 0, step > newest, !isGrowing {
                    isGrowing = true
                    kill(victim, SIGKILL)
                }
                newest = step
            }
            isLost =
                isLost || (value["events"]?.elements ?? []).contains { $0["event"]?.text == "worker_lost" }
        }
        #expect(try page.measure("dist_train_deaths_total") == 1)
        run.send(SIGINT)
        var last: (name: String, data: String)?
        while let message = try viewer.event() { last = message }
        #expect(last?.name == "end")
        #expect(try parse(last?.data ?? "")["state"]?.text == "stopped")
        try Program.finish(run).expect(status: 0)
        #expect(!File.exists(Path.join(directory, "page")), "the link goes with the page")
        #expect(!EventLog(run: directory).text.contains(page.key) && !run.standardError().contains(page.key))

        // A resumed run shows the curves and the time line from its beginning.
        let resumed = try start("--workers", "2", "--set", "epochs=100000", "--resume")
        defer { resumed.terminate() }
        try EventLog(run: directory).wait(for: "run_resumed", from: resumed)
        try #require(
            eventually(within: 30) { try EventLog(run: directory).events("page_listening").count == 2 })
        let again = try Page(directory, of: resumed)
        #expect(again.key != page.key)
        let answer = try WebClient.get("/", port: again.port, again.bearer).body
        #expect(answer.contains("worker_lost") && answer.contains("\"id\":\"validation.loss\""))
        #expect(try again.measure("dist_train_deaths_total") == 1)
        resumed.send(SIGINT)
        try Program.finish(resumed).expect(status: 0)
    }

    @Test func withoutAPage() throws {
        let run = try Program.finish(start("--no-page", "--set", "epochs=1"))
        run.expect(status: 0)
        #expect(!run.errors.contains("http://") && !EventLog(run: directory).text.contains("page_"))
    }

    @Test func aQuietRunShowsNoLink() throws {
        let run = try Program.finish(start("-q", "--set", "epochs=1"))
        run.expect(status: 0)
        #expect(!run.errors.contains("http://") && EventLog(run: directory).text.contains("page_listening"))
    }

    @Test func optionsThatExcludeEachOther() throws {
        let run = try Program.finish(start("--no-page", "--page", "127.0.0.1:0"))
        run.expect(status: 64, "--no-page excludes --page")
    }

    /// The run goes on without its page.
    @Test func aPortInUseIsAWarning() throws {
        let first = try start("--set", "epochs=100000")
        defer { first.terminate() }
        let page = try Page(directory, of: first)
        let other = home.file("other")
        let second = try Program.run(
            [
                "run", Repository.digits, "--run-dir", other, "--page", "127.0.0.1:\(page.port)", "--set",
                "epochs=1",
            ], in: home.path)
        second.expect(status: 0, "warning: the page cannot be served at 127.0.0.1:\(page.port)")
        #expect(try EventLog(run: other).has("page_failed"))
        #expect(!File.exists(Path.join(other, "page")))
    }

    // MARK: Who may look

    @Test func aKeyFileIsMadeAndKept() throws {
        let file = home.file("key")
        for attempt in 1...2 {
            let run = try Program.run(
                [
                    "run", Repository.digits, "--run-dir", home.file("run-\(attempt)"), "--page-key-file",
                    file,
                    "--set", "epochs=1",
                ], in: home.path)
            run.expect(status: 0)
            #expect(try File.permissions(file) == 0o600)
        }
        let key = try File.readText(file, limit: 4096)
        try home.setMode("key", 0o644)
        let refused = try Program.finish(start("--page-key-file", file))
        refused.expect(status: 1, "other users of this machine have access to the key", "chmod 600")
        #expect(try File.readText(file, limit: 4096) == key)
        #expect(!File.exists(directory), "a mistake leaves no directory behind")
    }

    /// Loopback belongs to every user of a machine.
    @Test(.enabled(if: geteuid() == 0, "another user needs root")) func anotherUserSeesTheStateAlone() throws
    {
        let run = try start("--set", "epochs=100000")
        defer { run.terminate() }
        let page = try Page(directory, of: run)
        func ask(_ path: String) throws -> String {
            let request = "GET \(path) HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
            let command = "exec 3<>/dev/tcp/127.0.0.1/\(page.port); printf '\(request)' >&3; cat <&3"
            return try asNobody(command)
        }
        #expect(try asNobody("id -u") == "65534\n")
        for path in ["/healthz", "/readyz"] {
            #expect(try ask(path).hasPrefix("HTTP/1.1 200 "), "\(path)")
        }
        for path in ["/", "/events", "/metrics", "/page", "/?key=\(String(repeating: "0", count: 64))"] {
            let answer = try ask(path)
            #expect(answer.hasPrefix("HTTP/1.1 403 ") && !answer.contains("digits"), "\(path): \(answer)")
        }
        #expect(try asNobody("cat \(directory)/page") == "", "the file with the link is private")
    }

    private func asNobody(_ command: String) throws -> String {
        let process = try ChildProcess(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/bash", "-c", command],
            standardOutput: .capture, standardError: .capture)
        return try Program.finish(process, seconds: 20).output
    }

    // MARK: Whoever looks changes nothing

    /// Hundreds of connections, some that ask, some that never do, and viewers that read nothing: a worker
    /// joins meanwhile, and the result is that of a quiet run.
    @Test func aFloodedPageChangesNothing() throws {
        let hands = try ByHand(DigitsJob(steps: 400))
        let quiet = try hands.bench.quiet()
        let coordinator = try hands.coordinator()
        let page = try Page(hands.runDirectory, of: coordinator)
        let flood = try Flood(port: page.port, bearer: page.bearer)
        defer { flood.end() }
        let workers = try [hands.worker(), hands.worker()]
        let log = try hands.log(of: coordinator)
        for number in 1...2 {
            try log.wait(for: "worker_joined", from: coordinator) { $0.integer("worker") == number }
        }
        #expect(try hands.bits(coordinator) == quiet)
        for worker in workers { try expectGoodEnd(worker) }
        #expect(flood.answers > 0)
    }
}

/// Clients that open more connections than a page has places, for as long as it lasts.
private final class Flood: @unchecked Sendable {  // its state is behind the lock of `Monitor`
    private struct State {
        var answers = 0
        var isOver = false
        var threads = 0
    }

    private let state = Monitor(State())
    private let port: UInt16
    private let bearer: [String]
    /// Viewers that never read, and connections that never ask.
    private var held: [WebClient] = []

    init(port: UInt16, bearer: [String]) throws {
        self.port = port
        self.bearer = bearer
        for _ in 0..<20 {
            let viewer = try WebClient(port: port)
            try viewer.write(WebClient.request("/events", "GET", bearer))
            held.append(viewer)
        }
        for _ in 0..<300 { held.append(try WebClient(port: port)) }
        for number in 0..<4 {
            state.change { $0.threads += 1 }
            try Thread(named: "flood") { [self] in
                while !state.change({ $0.isOver }) {
                    // Evicted and refused connections are what a flood gets.
                    let fields = number == 0 ? bearer : []
                    if (try? WebClient.get(number < 2 ? "/" : "/healthz", port: port, fields)) != nil {
                        state.change { $0.answers += 1 }
                    }
                    _ = try? WebClient(port: port)
                }
                state.change { $0.threads -= 1 }
            }.detach()
        }
    }

    var answers: Int { state.change { $0.answers } }

    func end() {
        state.change { $0.isOver = true }
        _ = state.wait { $0.threads == 0 ? true : nil }
    }
}

extension String {
    /// The text behind the first occurrence of another.
    fileprivate func behind(_ text: String) -> String? {
        firstRange(of: text).map { String(self[$0.upperBound...]) }
    }
}
