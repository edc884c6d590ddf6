import Configuration
import TestSupport
import Testing

@Suite(.serialized) struct ConfigCommandTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: String...) throws -> Program.Finished {
        try Program.run(["config"] + arguments, in: home.path, seconds: 30)
    }

    @Test func aFieldAndThoseInsideAreExplained() throws {
        let finished = try run("batch")
        #expect(finished.status == .exited(0) && finished.errors.isEmpty, "\(finished.errors)")
        #expect(
            finished.output.hasPrefix("batch\n  The mini-batch of a step; a number is its size.\n"),
            "\(finished.output)")
        #expect(finished.output.contains("\n\nbatch.microbatches\n"))
        // A key alone means every field of that name.
        let rates = try run("learning_rate").output
        #expect(
            rates.contains("optimizer.adam.learning_rate\n")
                && rates.contains("optimizer.sgd.learning_rate\n"))
    }

    @Test func everythingIsExplained() throws {
        let all = try run().output
        for path in ["seed", "data.train.csv.target", "model[conv].kernel", "schedule.cosine.minimum"] {
            #expect(all.contains("\n\(path)\n"), "\(path) is missing")
        }
    }

    @Test func theSchemaIsJSON() throws {
        let finished = try run("--schema")
        let diagnostics = Diagnostics()
        let schema = JSON5.parse(finished.output, name: "schema", diagnostics: diagnostics)
        #expect(diagnostics.isEmpty)
        #expect(schema?["$schema"] == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema?["$defs"]?["layer"] != nil)
    }

    @Test func theHelpFits() throws {
        let help = try run("--help").output
        #expect(help.contains("example:\n  dist-train config "))
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(help)")
    }

    @Test(arguments: [
        (["optimizer.adm"], "a config has no field `optimizer.adm`: did you mean `optimizer.adam`?"),
        (["xyzzy"], "a config has no field `xyzzy`: see `dist-train config`"),
        (["batch", "epochs"], "`dist-train config` takes one field, found also `epochs`"),
        (
            ["--schema", "batch"],
            "`dist-train config` takes a field, --schema or --markdown: only one of them"
        ),
    ]) func mistakes(arguments: [String], message: String) throws {
        let finished = try Program.run(["config"] + arguments, in: home.path, seconds: 30)
        #expect(finished.status == .exited(64))
        #expect(finished.errors == "error: \(message)\n")
    }
}
