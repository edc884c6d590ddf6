import Telemetry
import Testing
import dist_train

@Suite struct GlobalOptionsTests {
    @Test func colorIsTakenOffTheCommandLine() throws {
        for words in [
            ["run", "--color", "always", "job.json5", "-v"], ["--color=always", "run", "job.json5", "-v"],
            ["run", "job.json5", "-v", "--colour=always"],
        ] {
            let global = try GlobalOptions(words)
            #expect(global.color == .always && global.words == ["run", "job.json5", "-v"], "\(words)")
        }
        let plain = try GlobalOptions(["runs", "--", "--color=never"])
        #expect(plain.color == .auto && plain.words == ["runs", "--", "--color=never"])
    }

    @Test(arguments: [["run", "--color"], ["--color", "red"], ["--color="]])
    func otherValuesAreMistakes(words: [String]) {
        let error = #expect(throws: UsageError.self) { _ = try GlobalOptions(words) }
        #expect(error?.description.hasPrefix("--color must be auto, always or never, found `") == true)
    }
}
