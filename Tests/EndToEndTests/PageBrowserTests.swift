import Configuration
import Pages
import Platform
import System
import TestSupport
import Testing

/// Pages as a browser shows them: of a real run, and of documents that are hostile or extreme.
@Suite(.serialized, .enabled(if: Browser.isThere, Browser.isAbsent)) struct PageBrowserTests {
    /// The page of a run whose curve grows, and one of whose workers is killed while somebody looks.
    @Test func aRealRun() async throws {
        let (seen, leftovers) = try await onThread {
            var job = DigitsJob(steps: 1_000_000)
            (job.epochs, job.logEvery, job.checkpointEvery) = (100_000, 20, "2000")
            let bench = try Bench(job)
            let run = try Program.start(
                bench.arguments("run", workers: 2), in: bench.path, bench.environment())
            defer { _ = run.terminate() }
            let browser = try Browser.start(
                "live", try Self.link(bench.runDirectory("run"), of: run), bench.path)
            try Browser.wait(for: "grown", from: browser)
            let workers = try Processes.children(of: run.processID).filter {
                Processes.commandLine(of: $0)?.contains("worker") == true
            }
            kill(try #require(workers.first), SIGKILL)
            let seen = try Browser.seen(by: browser)
            _ = run.terminate(patience: 20)
            return (seen, bench.leftovers())
        }
        #expect(leftovers == [])
        #expect(text(seen["lost"])?.contains("is lost") == true, "\(seen.compactJSON())")
        #expect(try number(seen["second"]) > number(seen["first"]))
        #expect(try number(seen["after"]) > number(seen["second"]))
        #expect(try number(seen["tooWide"]) <= 0)
        #expect(texts(seen["complaints"]) == [])
        let hosts = texts(seen["hosts"])
        #expect(hosts.count == 1 && hosts.allSatisfy { $0.hasPrefix("127.0.0.1:") }, "\(hosts)")
        #expect(text(seen["title"])?.contains("exact") == true)
    }

    /// The file of the run directory that holds the link while the page is served.
    private static func link(_ directory: String, of run: ChildProcess) throws -> String {
        let path = Path.join(directory, "page")
        let deadline = Clock.monotonicSeconds() + 30
        while !File.exists(path) {
            guard Clock.monotonicSeconds() < deadline, run.exitStatus() == nil else {
                throw Program.TooSlow(errors: run.standardError())
            }
            Clock.sleep(seconds: 0.02)
        }
        return String(
            try File.readText(path, limit: 1 << 12).split(whereSeparator: \.isWhitespace).first ?? "")
    }

    /// Shows every document of Tests/Fixtures/page. Whatever it holds, nothing of it runs or is fetched.
    @Test func documents() async throws {
        let seen = try await onThread {
            let directory = try TemporaryDirectory()
            let source = ProjectFiles.path("Tests/Fixtures/page/documents")
            for name in try Directory.list(source) {
                let document = try Browser.json(File.readText(Path.join(source, name), limit: 1 << 22))
                let html = PageFile.html(title: "a <title>", document: document, connects: false)
                try directory.write(name.replacing(".json", with: ".html"), html)
            }
            return try Browser.seen(by: try Browser.start("documents", directory.path))
        }
        let documents = try #require(seen.members)
        #expect(documents.map(\.key).sorted() == Self.shown.keys.sorted())
        for document in documents {
            let (name, value) = (document.key, document.value)
            #expect(texts(value["complaints"]) == [], "\(name)")
            #expect(texts(value["requests"]) == [], "\(name)")
            #expect(try number(value["tooWide"]) <= 0, "\(name)")
            #expect(value["alerted"]?.compactJSON() == "false", "\(name)")
            // The document and the script, and no other.
            #expect(try number(value["scripts"]) == 2, "\(name)")
            for (count, expected) in Self.shown[name] ?? [:] {
                #expect(try number(value[count]) == expected, "\(count) of \(name)")
            }
        }
        try expectWords(seen)
    }

    /// How many of each thing a document shows: the charts of `curves` and of `plots`, and so on.
    private static let shown: [String: [String: Double]] = [
        "report": [
            "charts": 7, "curves": 10, "confusions": 1, "pictures": 6, "marks": 8, "workers": 3, "bars": 8,
            "unknown": 0,
        ],
        // Ten groups more, of which each is called what it must not do.
        "hostile": ["charts": 17, "confusions": 1, "pictures": 10, "marks": 18, "workers": 3, "unknown": 0],
        // 161 gradient norms are one chart; five plots are of no known kind; what has no values says so.
        "extreme": [
            "charts": 11, "curves": 163, "confusions": 4, "pictures": 0, "workers": 66, "unknown": 5,
            "empty": 7,
        ],
        // Three runs, each with a loss for training and validation, an accuracy and a learning rate.
        "comparison": ["charts": 3, "curves": 12],
        "nothing": ["charts": 0], "nulls": ["charts": 0],
    ]

    /// Names that would be markup, JSON, formulas or text from the right to the left are shown as they are; a
    /// chart answers to the keyboard and the mouse.
    private func expectWords(_ seen: ConfigValue) throws {
        let hostile = try #require(text(seen["hostile"]?["text"]))
        for name in [
            "</script><img src=x onerror=\"window.alerted = true\">", "\"]}", "=cmd|' /C calc'!A0",
            "__proto__",
        ] {
            #expect(hostile.contains(name), "\(name)")
        }
        let report = try #require(seen["report"])
        let said = try #require(report["interaction"])
        #expect(text(said["keyboard"]) == "step 20: training 0.9369, validation 1.0923")
        #expect(said["zoomed"]?.compactJSON() == "true")
        #expect(said["reset"]?.compactJSON() == "true")
        #expect(text(said["event"])?.contains("finished: 360 steps") == true)
        let words = try #require(text(report["text"]))
        for word in [
            "0.9389", "0.9093 to 0.9597", "38.3 s", "1,438", "17,418", "70.0 MiB",
            "79.86 ms",
        ] {
            #expect(words.contains(word), "\(word)")
        }
    }

    private func text(_ value: ConfigValue?) -> String? {
        if case .string(let text)? = value?.kind { text } else { nil }
    }

    private func texts(_ value: ConfigValue?) -> [String] {
        (value?.elements ?? []).map { text($0) ?? $0.compactJSON() }
    }

    private func number(_ value: ConfigValue?) throws -> Double {
        guard case .number(let number)? = value?.kind else {
            throw Browser.Failed(said: value?.compactJSON() ?? "no number")
        }
        return number.value
    }
}
