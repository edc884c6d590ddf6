import System
import Telemetry
import TestSupport
import Testing

/// Each event's name, level, fields and sentence, against the table of examples.
@Suite struct RunEventTests {
    @Test(arguments: EventExample.all) func anEventHasItsFieldsAndItsSentence(_ example: EventExample) {
        let facts = example.event.facts
        #expect(facts.sentence == example.sentence)
        #expect(facts.level == example.level)
        let fields = example.fields.isEmpty ? "" : "," + example.fields
        #expect(
            LogFormat.json(facts, time: 0, source: "s")
                == #"{"time":"1970-01-01T00:00:00.000Z","level":"\#(example.level)","source":"s","#
                + #""event":"\#(facts.name)""#
                + fields + #","message":\#(LogFormat.quoted(example.sentence))}"#)
    }

    /// Whoever adds a case adds an example, and so a sentence that is tested.
    @Test func everyCaseHasAnExample() throws {
        let declared = try EventSource.cases().map(\.path).sorted()
        let shown = Set(EventExample.all.map { EventSource.path(of: $0.event) }).sorted()
        #expect(declared == shown)
        #expect(declared.count > 50, "the cases were found in the source")
    }

    /// Names are for programs: they are unique, in snake_case, and no field hides what every record has.
    @Test func namesAreStable() {
        var paths: [String: String] = [:]
        for example in EventExample.all {
            let (facts, path) = (example.event.facts, EventSource.path(of: example.event))
            #expect(paths[facts.name] ?? path == path, "\(facts.name) is the name of two events")
            paths[facts.name] = path
            for name in [facts.name] + facts.fields.map(\.name) {
                let isSnakeCase = name.utf8.allSatisfy {
                    "abcdefghijklmnopqrstuvwxyz_0123456789".utf8.contains($0)
                }
                #expect(isSnakeCase, "\(name) of \(path)")
            }
            let reserved = ["time", "level", "source", "event", "message"]
            #expect(facts.fields.allSatisfy { !reserved.contains($0.name) }, "\(facts.name)")
            #expect(Set(facts.fields.map(\.name)).count == facts.fields.count, "\(facts.name)")
        }
    }

    /// Every example of an event has the same fields: a program finds a field always or never.
    @Test func fieldsAreAlwaysThere() {
        var fields: [String: [String]] = [:]
        for facts in EventExample.all.map(\.event.facts) {
            let names = facts.fields.map(\.name)
            #expect(fields[facts.name] ?? names == names, "\(facts.name)")
            fields[facts.name] = names
        }
    }

    /// The list in the documentation is generated: `DIST_TRAIN_WRITE_DOCUMENTS=1` writes it anew.
    @Test func theDocumentationListsAllEvents() throws {
        let (begin, end) = ("<!-- events -->\n", "<!-- /events -->")
        let path = "deploy/README.md"
        let text = try ProjectFiles.text(path)
        let before = try #require(text.firstRange(of: begin), "\(path) has a mark where the list begins")
        let after = try #require(text.firstRange(of: end), "\(path) has a mark where the list ends")
        let list = try EventList.markdown()
        if Environment.value("DIST_TRAIN_WRITE_DOCUMENTS") != nil {
            let new = text[..<before.upperBound] + list + text[after.lowerBound...]
            try File.writeAtomically(String(new), to: ProjectFiles.path(path))
        } else {
            #expect(
                text[before.upperBound..<after.lowerBound] == list,
                "run this test with DIST_TRAIN_WRITE_DOCUMENTS=1 to write the list anew")
        }
    }
}
