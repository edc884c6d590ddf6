import System
import Testing
import dist_train

@Suite struct ResumableCommandTests {
    private static let options = [
        Option(name: "--set", value: "PATH=VALUE", help: "", isRepeated: true),
        Option(name: "--listen", value: "HOST:PORT", help: ""),
        Option(name: "--run-dir", value: "DIR", help: ""), Option.resume,
    ]

    private func line(_ words: [String], directory: String = "runs/a") throws -> String {
        let arguments = try Arguments(words, options: Self.options, command: "run")
        return ResumableCommand(arguments).line(resuming: directory, listeningOn: "0.0.0.0:41234")
    }

    /// The words that a shell makes of a line.
    private func shellWords(_ line: String) throws -> [String] {
        let process = try ChildProcess(
            "/bin/sh", ["-c", "set -- \(line)\nfor word; do printf '%s|' \"$word\"; done"],
            standardOutput: .capture, standardError: .capture)
        #expect(process.wait(seconds: 120)?.isSuccess == true)
        return process.standardOutput().split(separator: "|", omittingEmptySubsequences: false).dropLast()
            .map(String.init)
    }

    @Test func theRunIsNamedAndResumed() throws {
        #expect(try line(["job.json5"]) == "dist-train run job.json5 --run-dir runs/a --resume")
        #expect(
            try line(["--run-dir", "old", "job.json5", "--resume", "--set=epochs=3"])
                == "dist-train run job.json5 --set=epochs=3 --run-dir runs/a --resume")
        #expect(
            try line(["--run-dir=old", "--resume=auto", "job.json5"])
                == "dist-train run job.json5 --run-dir runs/a --resume")
    }

    @Test func theChosenPortIsListenedOn() throws {
        let expected = "dist-train run job.json5 --listen 0.0.0.0:41234 --run-dir runs/a --resume"
        #expect(try line(["job.json5", "--listen", "0.0.0.0:0"]) == expected)
        #expect(
            try line(["job.json5", "--listen=0.0.0.0:0"])
                == expected.replacing("--listen ", with: "--listen="))
    }

    @Test(arguments: [
        "two words", "it's", "''", "a\"b", "$HOME", "`id`", "a\\b", "*", "ü", "a;b", "", "~", "#",
    ])
    func aShellReadsTheSameWords(word: String) throws {
        let words = try shellWords(line(["--set", "name=\(word)", word], directory: word))
        #expect(
            words == [
                "dist-train", "run", "--set", "name=\(word)", word, "--run-dir", word, "--resume",
            ])
    }
}
