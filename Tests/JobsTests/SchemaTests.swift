import Configuration
import Jobs
import System
import TestSupport
import Testing

/// The JSON Schema against an implementation of JSON Schema that others wrote.
@Suite struct SchemaTests {
    /// A Python with the module `jsonschema`: `PYTHON`, or `python3`.
    private static let python = Environment.all()["PYTHON"] ?? "python3"

    private static let hasValidator: Bool = {
        let child = try? ChildProcess(
            python, ["-c", "from jsonschema import Draft202012Validator"], standardOutput: .discard,
            standardError: .discard)
        return child?.wait(seconds: 60) == .exited(0)
    }()

    @Test(.enabled(if: hasValidator, "python3 with the module jsonschema is missing"))
    func readyJobsAreAcceptedAndWrongOnesRejected() async throws {
        let said = try await onThread {
            let directory = try TemporaryDirectory()
            let schema = JSONSchema.document(Job.form, title: "a job")
            try File.writeAtomically(schema.compactJSON(), to: directory.file("schema.json"))
            try File.writeAtomically(try Self.readyJobs(), to: directory.file("valid.jsonl"))
            let child = try ChildProcess(
                Self.python,
                [
                    ProjectFiles.path("Tests/Fixtures/schema/check_schema.py"), directory.file("schema.json"),
                    directory.file("valid.jsonl"), ProjectFiles.path("Tests/Fixtures/schema/wrong.json"),
                ], standardOutput: .capture, standardError: .capture)
            let status = child.wait(seconds: 120)
            return "\(child.standardOutput())\(child.standardError())\(status.map { "\($0)" } ?? "no end")"
        }
        #expect(said.hasSuffix("0 failures\n\(ExitStatus.exited(0))"), "\(said)")
    }

    /// Every job in config, as it stands there and with every default filled in; a job on each line.
    private static func readyJobs() throws -> String {
        var lines: [String] = []
        for directory in ["config", "config/bench"] {
            let names = try Directory.list(ProjectFiles.path(directory)).filter { $0.hasSuffix(".json5") }
            for name in names.sorted() {
                let path = ProjectFiles.path("\(directory)/\(name)")
                let source = try SourceFile(contentsOf: path)
                let value = try #require(JSON5.parse(source, diagnostics: Diagnostics()))
                lines.append(value.compactJSON())
                lines.append(try JobFile.load(path: path).resolved.compactJSON())
            }
        }
        #expect(lines.count > 40)
        return lines.joined(separator: "\n") + "\n"
    }

    /// The fixture's faults, which the schema must reject, are faults of a job for this program, too.
    @Test func theWrongJobsAreWrong() throws {
        let text = try ProjectFiles.text("Tests/Fixtures/schema/wrong.json")
        let cases = try #require(JSON5.parse(text, name: "wrong.json", diagnostics: Diagnostics()))
        let base = try #require(cases["base"]?.members)
        #expect(try complaint(ConfigValue.object(base.map { ($0.key, $0.value) }).compactJSON()) == nil)
        for fault in try #require(cases["faults"]?.elements) {
            let changed = try #require(fault["members"]?.members)
            var members = base.filter { member in !changed.contains { $0.key == member.key } } + changed
            members.removeAll { $0.value == "REMOVED" }
            let job = ConfigValue.object(members.map { ($0.key, $0.value) }).compactJSON()
            #expect(try complaint(job) != nil, "\(fault["fault"]?.summary ?? "")")
        }
    }
}
