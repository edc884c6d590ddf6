import Datasets
import Platform
import System
import TestSupport
import Testing

/// Trained models answer over HTTP.
@Suite(.serialized) struct ServeTests {
    private static let python = Environment.value("PYTHON") ?? "python3"

    private static let hasPython: Bool = {
        let child = try? ChildProcess(
            python, ["--version"], standardOutput: .discard, standardError: .discard)
        return child?.wait(seconds: 60) == .exited(0)
    }()

    /// A server that ends with the test.
    final class Server {
        let process: ChildProcess
        let port: UInt16

        init(_ arguments: [String], in directory: String) throws {
            process = try Program.start(
                ["serve", "--listen", "127.0.0.1:0"] + arguments, in: directory)
            try Program.wait(for: "listening on http://", from: process)
            let line =
                process.standardError().split(separator: "\n").last { $0.contains("listening on") } ?? ""
            port = line.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) } ?? 0
        }

        deinit { _ = process.terminate() }

        /// Sends a request and reads until the end: the status and everything behind the head.
        func ask(_ line: String, _ fields: [String] = [], body: String = "") throws -> (
            status: Int, body: String
        ) {
            let socket = try RawSocket.connected(to: port)
            let head = ["\(line) HTTP/1.1", "Host: localhost", "Connection: close"] + fields
            let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
            let text = (head + length).map { $0 + "\r\n" }.joined() + "\r\n" + body
            socket.send(Array(text.utf8))
            let answer = String(decoding: socket.receive(), as: UTF8.self)
            let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            let status = answer.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return (status, parts.count == 2 ? String(parts[1]) : "")
        }

        func end() throws -> Program.Finished {
            process.send(SIGTERM)
            return try Program.finish(process)
        }
    }

    private func trained(_ job: DigitsJob) throws -> (bench: Bench, run: String) {
        let bench = try Bench(job)
        _ = try bench.bits("run", workers: 1)
        return (bench, bench.runDirectory("run"))
    }

    /// The digits' validation part as JSON, a list of 64 numbers for each.
    private func digits() throws -> [String] {
        let validation = try Digits.load().validation
        let values = validation.floats.map { String(Int($0)) }
        return stride(from: 0, to: values.count, by: 64).map {
            "[\(values[$0..<$0 + 64].joined(separator: ","))]"
        }
    }

    /// Answers are the lines of `predict`, number by number: alone, in batches, and beside others'.
    @Test(
        .enabled(if: hasPython, "python3 is missing"),
        arguments: [
            DigitsJob(steps: 24), DigitsJob(steps: 12, stem: DigitsJob.convolution),
            DigitsJob(measuring: "kmeans: {clusters: 10}"),
        ])
    func servedAnswersAreThoseOfPredict(job: DigitsJob) throws {
        let (bench, run) = try trained(job)
        let lines = bench.directory.file("lines.jsonl")
        let predicted = try Program.run(
            ["predict", run, "--input", "builtin:digits", "--format", "jsonl", "--output", lines],
            in: bench.path)
        #expect(predicted.status == .exited(0), "\(predicted.errors)")
        let rows = try bench.directory.write("rows.json", "[\(try digits().joined(separator: ","))]")
        let server = try Server([run], in: bench.path)
        let client = try ChildProcess(
            Self.python, [ProjectFiles.path("Tests/Fixtures/serve/ask.py"), "\(server.port)", rows, lines],
            standardOutput: .capture, standardError: .capture)
        let status = client.wait(seconds: 120)
        #expect(
            status == .exited(0) && client.standardOutput() == "0 differences in 360 samples\n",
            "\(client.standardOutput())\(client.standardError())")
        let ended = try server.end()
        #expect(ended.status == .exited(0), "\(ended.errors)")
    }

    @Test func pathsAndFaults() throws {
        let (bench, run) = try trained(DigitsJob(steps: 4))
        let server = try Server([run], in: bench.path)
        for path in ["/healthz", "/readyz", "/v1/models", "/v1/models/run"] {
            #expect(try server.ask("GET \(path)").status == 200)
        }
        let page = try server.ask("GET /")
        #expect(page.status == 200 && page.body.contains("<script>") && !page.body.contains("{{"))
        let list = try server.ask("GET /v1/models").body
        #expect(list.contains("\"name\":\"run\",\"step\":4,\"takes\":\"image\",\"shape\":[8,8,1]"), "\(list)")
        let row = try digits()[0]
        for path in ["/v1/predict", "/v1/models/run/predict"] {
            let answer = try server.ask("POST \(path)", body: "{\"inputs\": [\(row)]}")
            #expect(
                answer.status == 200
                    && answer.body.hasPrefix("{\"model\":\"run\",\"step\":4,\"predictions\":[{\"class\":"),
                "\(answer)")
        }
        let faults: [(line: String, body: String, status: Int, part: String)] = [
            ("GET /v1/predict", "", 405, "POST"),
            ("POST /v1/predict", "{\"inputs\": [[1]]}", 400, "expected 64"),
            ("POST /v1/predict", "a,b\n", 415, "application/json"), ("POST /v1/predict", "", 400, "no body"),
            ("POST /v1/models/other/predict", "{}", 404, "no model"), ("GET /x", "", 404, "nothing"),
            ("POST /v1/models", "", 405, "GET"),
        ]
        for fault in faults {
            let answer = try server.ask(fault.line, body: fault.body)
            #expect(answer.status == fault.status && answer.body.contains(fault.part), "\(answer)")
        }
        #expect(try server.ask("GET /v1/models", ["Origin: http://evil.example"]).status == 403)
        let ended = try server.end()
        #expect(ended.status == .exited(0) && ended.output.isEmpty, "\(ended.errors)")
    }

    /// Several models have paths of their own; whoever has no key learns only that the server is there.
    @Test func severalModelsAndAKey() throws {
        let (bench, run) = try trained(DigitsJob(steps: 8))
        let key = try bench.directory.write("key", "0123456789abcdef0123456789abcdef\n")
        let server = try Server(
            [run, "\(run)/checkpoints/step-00000008", "--key-file", key], in: bench.path)
        let bearer = "Authorization: Bearer 0123456789abcdef0123456789abcdef"
        #expect(try server.ask("GET /healthz").status == 200)
        for path in ["/", "/v1/models", "/v1/predict"] {
            #expect(try server.ask("GET \(path)").status == 403)
        }
        #expect(try server.ask("POST /v1/models/run/predict", body: "{}").status == 403)
        let several = try server.ask("POST /v1/predict", [bearer], body: "{}")
        #expect(several.status == 404 && several.body.contains("/v1/models/run-2/predict"), "\(several)")
        let body = "{\"inputs\": [\(try digits()[7])]}"
        let answers = try ["run", "run-2"].map { name in
            try server.ask("POST /v1/models/\(name)/predict", [bearer], body: body).body
                .replacing("\"model\":\"\(name)\"", with: "")
        }
        #expect(answers[0] == answers[1] && answers[0].contains("probabilities"), "\(answers)")
        #expect(!server.process.standardError().contains("0123456789abcdef"))
    }

    /// Elsewhere than on loopback it must be said who may ask.
    @Test func refusals() throws {
        let directory = try TemporaryDirectory()
        for arguments in [["x", "--listen", "0.0.0.0:0"], ["x", "--listen", ":0"]] {
            let finished = try Program.run(["serve"] + arguments, in: directory.path)
            #expect(
                finished.status == .exited(64) && finished.errors.contains("--key-file FILE for those"),
                "\(finished.errors)")
        }
        let nothing = try Program.run(["serve"], in: directory.path)
        #expect(nothing.status == .exited(64) && nothing.errors.contains("needs a run directory"))
        let noRun = try Program.run(["serve", directory.file("none")], in: directory.path)
        #expect(noRun.status != .exited(0) && noRun.errors.contains("neither a run directory"), "\(noRun)")
    }

    /// A new best checkpoint takes over; a broken one changes nothing.
    @Test func watching() throws {
        let bench = try Bench(DigitsJob(steps: 36))
        _ = try bench.bits("run", workers: 1, ["--set", "max_steps=12"])
        let run = bench.runDirectory("run")
        let server = try Server([run, "--watch"], in: bench.path)
        let body = "{\"inputs\": [\(try digits()[0])]}"
        #expect(try server.ask("POST /v1/predict", body: body).body.contains("\"step\":12,"))
        _ = try bench.bits("run", workers: 1, ["--resume"])
        let best = try File.readText("\(run)/checkpoints/best", limit: 64).filter(\.isNumber)
        let step = Int(best) ?? 0
        try #require(step > 12, "the best checkpoint of all 36 steps is a later one")
        try Program.wait(for: "is now the model of step \(step)", from: server.process)
        #expect(try server.ask("POST /v1/predict", body: body).body.contains("\"step\":\(step),"))
        let broken = "\(run)/checkpoints/step-99999999"
        try Directory.create(broken)
        try File.writeAtomically("{}", to: "\(broken)/manifest.json")
        try File.writeAtomically("step-99999999\n", to: "\(run)/checkpoints/best")
        try Program.wait(for: "stays the model that it is", from: server.process)
        #expect(try server.ask("POST /v1/predict", body: body).body.contains("\"step\":\(step),"))
    }
}
