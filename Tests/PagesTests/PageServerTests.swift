import Configuration
import Pages
import System
import Telemetry
import TestSupport
import Testing
import Transport

/// The server of a page, asked over sockets.
@Suite(.serialized) struct PageServerTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let bearer = ["Authorization: Bearer \(key)"]

    /// Runs a body with a page that is served.
    private func withPage(
        _ document: RunDocument = ShownRun.document(), _ body: (LivePage, PageServer) throws -> Void
    ) throws {
        let page = LivePage(document) { [(sink: "a \"sink\"", count: 3)] }
        let server = try PageServer(
            page, at: Endpoint(host: "127.0.0.1", port: 0), key: Self.key, program: "dist-train test")
        defer { server.end() }
        try body(page, server)
    }

    private func record(_ events: [RunEvent], _ page: LivePage) {
        for event in events { page.receive(event, at: 100, from: "coordinator") }
    }

    @Test func thePageHoldsTheRunOfTheMoment() throws {
        try withPage { page, server in
            record(ShownRun.events(), page)
            let answer = try WebClient.get("/", port: server.port, Self.bearer)
            #expect(answer.status == 200)
            #expect(answer.head.contains("Content-Security-Policy: default-src 'none'"))
            #expect(answer.head.contains("connect-src 'self'"))
            #expect(answer.body.contains("\"kind\":\"live\"") && answer.body.contains("worker_lost"))
            #expect(!answer.body.contains(Self.key))
        }
    }

    @Test func onlyTheStateIsToldToEverybody() throws {
        try withPage { page, server in
            record([.generation(.started(number: 1, workers: 1, step: 0))], page)
            for path in ["/healthz", "/readyz"] {
                let answer = try WebClient.get(path, port: server.port)
                #expect(answer.status == 200 && answer.body == "training\n")
            }
            for path in ["/", "/events", "/metrics", "/x", "/page.js", "/healthz/x", "/?key=x"] {
                let answer = try WebClient.get(path, port: server.port)
                #expect(answer.status == 403, "\(path)")
                #expect(!answer.body.contains("digits"))
            }
            record([.ending(.failed(reason: "x", checkpoint: nil, resumeCommand: "y"))], page)
            #expect(try WebClient.get("/healthz", port: server.port).status == 200)
            #expect(try WebClient.get("/readyz", port: server.port).status == 503)
        }
    }

    @Test func theLinkIsExchangedForACookie() throws {
        try withPage { _, server in
            let path = try #require(server.link.firstRange(of: "/?key=")).lowerBound
            let entrance = try WebClient.get(String(server.link[path...]), port: server.port)
            #expect(entrance.status == 303)
            let line = try #require(
                entrance.head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") })
            #expect(line.contains("; HttpOnly") && line.contains("SameSite=Strict"))
            #expect(line.contains("dist-train-\(server.port)=") && !line.contains(Self.key))
            let cookie = "Cookie: " + line.dropFirst(12).prefix { $0 != ";" }
            #expect(try WebClient.get("/", port: server.port, [cookie]).status == 200)
            #expect(try WebClient.get("/metrics", port: server.port, [cookie]).status == 200)
            let other = "Cookie: dist-train-\(server.port)=0"
            #expect(try WebClient.get("/", port: server.port, [other]).status == 403)
            // Other sites' pages and names.
            let origin = [cookie, "Origin: http://evil.example"]
            #expect(try WebClient.get("/events", port: server.port, origin).status == 403)
            let host = try WebClient.get("/", port: server.port, [cookie], host: "evil.example")
            #expect(host.status == 403)
        }
    }

    @Test func nothingCanBeChanged() throws {
        try withPage { _, server in
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                let answer = try WebClient.get("/", port: server.port, method: method, Self.bearer)
                #expect([405, 501].contains(answer.status), "\(method)")
            }
            #expect(try WebClient.get("/x", port: server.port, Self.bearer).status == 404)
            #expect(try WebClient.get("/../etc/passwd", port: server.port, Self.bearer).status >= 400)
        }
    }

    /// State first, then what changed, and the last state at the end.
    @Test func eventsFollowTheRun() throws {
        try withPage { page, server in
            record(ShownRun.events(), page)
            let viewer = try WebClient.events(port: server.port, Self.bearer)
            let state = try #require(try viewer.event())
            #expect(state.name == "state")
            #expect(try ShownRun.parse(state.data)["events"]?.elements?.count == 6)
            record([ShownRun.epoch(2, accuracy: 0.75), .worker(.left(ShownRun.worker(1)))], page)
            var (events, curves): ([String], [ConfigValue]) = ([], [])
            while events.isEmpty {
                let change = try #require(try viewer.event())
                #expect(change.name == "change")
                let value = try ShownRun.parse(change.data)
                events += value["events"]?.elements?.compactMap { $0["event"]?.text } ?? []
                curves += value["curves"]?.elements ?? []
            }
            #expect(events == ["worker_left"])
            let accuracy = curves.first { $0["id"]?.text == "validation.accuracy" }
            #expect(accuracy?["from"]?.integer == 1 && accuracy?["y"] == [0.75])
            // Whoever comes later gets the whole run, and the first one no entry twice.
            let second = try WebClient.events(port: server.port, Self.bearer)
            #expect(try second.event()?.name == "state")
            page.show(ShownRun.document(named: "member-1"))
            for viewer in [viewer, second] {
                var message = try #require(try viewer.event())
                while message.name == "change" {
                    #expect(try ShownRun.parse(message.data)["events"] == nil)
                    message = try #require(try viewer.event())
                }
                #expect(message.name == "state")
                #expect(try ShownRun.parse(message.data)["name"]?.text == "member-1")
            }
            record([.ending(.stopped(step: 3, steps: 9, resumeCommand: "again"))], page)
            server.end()
            for viewer in [viewer, second] {
                var last: (name: String, data: String)?
                while let message = try viewer.event() { last = message }
                #expect(last?.name == "end")
                #expect(try ShownRun.parse(last?.data ?? "")["state"]?.text == "stopped")
            }
        }
    }

    @Test func aPortInUseIsAnError() throws {
        try withPage { page, server in
            #expect(throws: TransportError.self) {
                try PageServer(
                    page, at: Endpoint(host: "127.0.0.1", port: server.port), key: Self.key, program: "p")
            }
        }
    }

    // MARK: Prometheus

    private func metrics(_ name: String = "digits") throws -> String {
        let page = LivePage(ShownRun.document(named: name)) { [(sink: "a \"sink\"", count: 3)] }
        let server = try PageServer(
            page, at: Endpoint(host: "127.0.0.1", port: 0), key: Self.key, program: "dist-train test")
        defer { server.end() }
        record(ShownRun.events(workerName: name), page)
        let answer = try WebClient.get("/metrics", port: server.port, Self.bearer)
        #expect(answer.status == 200)
        #expect(answer.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
        return answer.body
    }

    @Test func measuresAreThoseOfTheRun() throws {
        let lines = try metrics().split(separator: "\n").map(String.init)
        for line in [
            "dist_train_info{job=\"digits\",run_directory=\"runs/digits\",program=\"dist-train test\"} 1",
            "dist_train_state{state=\"training\"} 1", "dist_train_state{state=\"failed\"} 0",
            "dist_train_step 2", "dist_train_steps 100", "dist_train_epochs 10",
            "dist_train_loss{set=\"train\"} 1", "dist_train_loss{set=\"validation\"} 2",
            "dist_train_metric{set=\"train\",name=\"accuracy\"} 0.5",
            "dist_train_metric{set=\"validation\",name=\"accuracy\"} 0.5",
            "dist_train_best_value{monitor=\"validation.accuracy\"} 0.5", "dist_train_learning_rate 0.1",
            "dist_train_workers{state=\"member\"} 1", "dist_train_workers{state=\"spare\"} 0",
            "dist_train_deaths_total 1", "dist_train_recoveries_total 1",
            "dist_train_sent_bytes_total 10", "dist_train_received_bytes_total 20",
            "dist_train_memory_bytes{process=\"coordinator\"} 1048576",
            "dist_train_memory_bytes{process=\"worker 1\"} 9000000",
            "dist_train_phase_seconds_total{worker=\"1\",name=\"digits\",phase=\"waiting\"} 0.5",
            "dist_train_checkpoint_step 7", "dist_train_training_seconds_total 2",
            "dist_train_dropped_events_total{sink=\"a \\\"sink\\\"\"} 3",
            "dist_train_dropped_events_total{sink=\"page\"} 0",
        ] { #expect(lines.contains(line), "\(line)") }
    }

    /// One HELP and one TYPE before the samples of each measure; names and labels as the format has them.
    @Test(arguments: ["digits"] + ShownRun.hostile) func theFormatIsKept(name: String) throws {
        let text = try metrics(name)
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        var types: [String: Int] = [:]
        var current = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("# HELP ") { continue }
            if line.hasPrefix("# TYPE ") {
                current = String(line.split(separator: " ")[2])
                types[current, default: 0] += 1
                continue
            }
            let measure = line.prefix { $0 != "{" && $0 != " " }
            #expect(measure == current, "\(line)")
            let space = try #require(line.lastIndex(of: " "))
            #expect(Double(line[line.index(after: space)...]) != nil, "\(line)")
        }
        #expect(types.values.allSatisfy { $0 == 1 } && types.count > 20)
    }

    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: File.exists)

    @Test(.enabled(if: promtool != nil, "promtool is missing"), arguments: ["digits"] + ShownRun.hostile)
    func promtoolFindsNothing(name: String) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("metrics", metrics(name))
        let check = try ChildProcess(
            "/bin/sh", ["-c", "\(Self.promtool ?? "") check metrics < \(file)"], standardOutput: .capture,
            standardError: .capture)
        let status = check.wait(seconds: 120)
        #expect(status?.isSuccess == true && check.standardError().isEmpty, "\(check.standardError())")
        #expect(check.standardOutput().isEmpty, "\(check.standardOutput())")
    }
}
