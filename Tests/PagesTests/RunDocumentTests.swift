import Configuration
import Pages
import Telemetry
import TestSupport
import Testing

@Suite struct RunDocumentTests {
    private func shown(_ document: RunDocument, _ events: [RunEvent]) -> RunDocument {
        var document = document
        for (index, event) in events.enumerated() { document.overview.take(event, at: 100 + Double(index)) }
        return document
    }

    @Test func everythingThatTheScriptDrawsIsThere() throws {
        let document = shown(ShownRun.document(), ShownRun.events())
        let run = try ShownRun.parse(document.value(at: 200).compactJSON())
        #expect(run["name"]?.text == "digits" && run["state"]?.text == "training")
        #expect(run["time"] == .object([("started", 100), ("now", 200), ("training", 2)]))
        #expect(run["progress"]?["step"]?.integer == 2 && run["progress"]?["steps"]?.integer == 100)
        let best = run["best"]
        #expect(best?["monitor"]?.text == "validation.accuracy" && best?["value"]?.double == 0.5)
        let curves = run["curves"]?.elements ?? []
        #expect(
            curves.compactMap { $0["id"]?.text } == [
                "step.loss", "learning_rate", "train.loss", "validation.loss", "validation.accuracy",
            ])
        #expect(curves.allSatisfy { $0["low"] == [] && $0["stride"]?.integer == 1 })
        let workers = run["workers"]?.elements ?? []
        #expect(workers.compactMap { $0["state"]?.text } == ["lost", "member"])
        #expect(workers.last?["speed"]?.double == 0.5 && workers.last?["rank"]?.integer == 0)
        #expect(workers.first?["rank"]?.isNull == true)
        #expect(
            run["events"]?.elements?.compactMap { $0["event"]?.text } == [
                "worker_joined", "worker_joined", "generation_started", "worker_lost", "recovery_started",
                "checkpoint_written",
            ])
        let phases = try #require(run["phases"]?.elements?.first)
        #expect(
            phases["parts"] == [["forward", 1], ["waiting", 0.5]] && phases["beside"] == [["update", 2]])
        #expect(
            run["memory"]?.elements?.compactMap { $0["what"]?.text } == ["coordinator", "worker 1"])
        #expect(run["model"]?["rows"]?.elements?.count == 1)
        #expect(run["environment"] == [["seed", "1"]])
        #expect(run["plots"] == [] && run["figures"] == [] && run["dropped"] == [])
    }

    /// A value that is no number is null, as JSON has none.
    @Test func whatIsNoNumberIsNull() throws {
        let document = shown(ShownRun.document(), [.training(.stepLogged(ShownRun.step(1, loss: .nan)))])
        let run = try ShownRun.parse(document.value(at: 200).compactJSON())
        #expect(run["curves"]?.elements?.first?["y"]?.elements?.first?.isNull == true)
    }

    /// A page that takes every change shows what the whole run says, through merges of buckets and steps that
    /// an audit took back.
    @Test func changesAddUpToTheRun() throws {
        var document = ShownRun.document(steps: 10_000)
        var page = Page(try ShownRun.parse(document.value(at: 0).compactJSON()))
        var (shown, step) = (0, 0)
        var generator = SplitMix(state: 17)
        for _ in 1...200 {
            for _ in 0..<Int(generator.next() % 20) {
                step += 1
                if generator.next() % 50 == 0 { step = max(1, step - 5) }
                document.overview.take(
                    .training(.stepLogged(ShownRun.step(step, loss: Double(generator.next() % 100)))), at: 1)
                if generator.next() % 10 == 0 {
                    document.overview.take(.worker(.joined(ShownRun.worker(step))), at: Double(step))
                }
            }
            let change = try ShownRun.parse(document.change(at: 1, after: shown).compactJSON())
            shown = document.overview.timeLine.count
            document.overview.forgetChanges()
            page.take(change)
        }
        #expect(document.overview.curves.curves[0].stride > 1, "buckets were merged")
        let whole = try ShownRun.parse(document.value(at: 1).compactJSON())
        #expect(
            page.curves.map { $0.without("from") } == whole["curves"]?.elements?.map { $0.without("from") })
        #expect(.array(page.events) == whole["events"])
    }

    @Test func aChangeWithoutNewsHasNeitherCurvesNorEvents() {
        var document = shown(ShownRun.document(), ShownRun.events())
        document.overview.forgetChanges()
        let change = document.change(at: 1, after: document.overview.timeLine.count)
        #expect(change["curves"] == nil && change["events"] == nil)
        #expect(change["state"]?.text == "training")
    }

    /// Whatever the names are, they are text: in the JSON, and nowhere in the markup.
    @Test(arguments: ShownRun.hostile) func hostileNamesAreText(name: String) throws {
        let document = shown(ShownRun.document(named: name), ShownRun.events(workerName: name))
        let value = PageDocument.value(.live, program: "p", made: 0, runs: [document.value(at: 0)])
        let run = try #require(ShownRun.parse(value.compactJSON())["runs"]?.elements?.first)
        #expect(run["name"]?.text == name)
        #expect(run["workers"]?.elements?.last?["name"]?.text == name)
        #expect(run["model"]?["rows"]?.elements?.first?["name"]?.text == name)
        let html = PageFile.html(title: name, document: value, connects: true)
        #expect(!html.contains("<img"))
        let begin = try #require(html.firstRange(of: "id=\"document\">")).upperBound
        let end = try #require(html[begin...].firstRange(of: "</script>")).lowerBound
        #expect(try ShownRun.parse(String(html[begin..<end])) == value)
    }
}

/// A page as the script keeps it: what a change does to it.
private struct Page {
    var curves: [ConfigValue]
    var events: [ConfigValue]

    init(_ run: ConfigValue) {
        curves = run["curves"]?.elements ?? []
        events = run["events"]?.elements ?? []
    }

    mutating func take(_ change: ConfigValue) {
        events += change["events"]?.elements ?? []
        for curve in change["curves"]?.elements ?? [] {
            guard let index = curves.firstIndex(where: { $0["id"] == curve["id"] }) else {
                curves.append(curve)
                continue
            }
            curves[index] = Self.continued(curves[index], by: curve)
        }
    }

    private static func continued(_ old: ConfigValue, by new: ConfigValue) -> ConfigValue {
        let from = new["from"]?.integer ?? 0
        return .object(
            (new.members ?? []).map { member in
                guard ["x", "y", "low", "high"].contains(member.key) else {
                    return (member.key, member.value)
                }
                let kept = (old[member.key]?.elements ?? []).prefix(from)
                return (member.key, .array(kept + (member.value.elements ?? [])))
            })
    }
}

extension ConfigValue {
    fileprivate func without(_ key: String) -> ConfigValue {
        .object((members ?? []).filter { $0.key != key }.map { ($0.key, $0.value) })
    }
}
