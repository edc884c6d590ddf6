import System
import TestSupport
import Testing

/// The jobs in `config/` on a machine without any data: each is valid, or says the command that gets its
/// data.
@Suite(.serialized) struct FreshMachineTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func program(_ arguments: [String]) throws -> Program.Finished {
        try Program.finish(
            try ChildProcess(
                "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", home.path, Program.path] + arguments,
                environment: Program.environment(home.path), standardOutput: .capture,
                standardError: .capture))
    }

    /// Commands that get data: the program's own, or a line for a shell.
    private static let commands = [
        "dist-train data get ", "\n  mkdir -p data && python ", "\n  curl ", "\n  awk ",
    ]

    @Test func everyJobIsValidOrSaysWhatItNeeds() throws {
        let folder = ProjectFiles.path("config")
        let names = try Directory.list(folder).filter { $0.hasSuffix(".json5") }
        #expect(names.count > 20)
        var needy: [String] = []
        for name in names {
            let config = Path.join(folder, name)
            let finished = try program(["validate", config])
            guard finished.status != .exited(0) else { continue }
            needy.append(name)
            #expect(finished.status == .exited(1), "\(name): \(finished.errors)")
            #expect(Self.commands.contains { finished.errors.contains($0) }, "\(name): \(finished.errors)")
            let ran = try program(["run", config, "--run-dir", home.file("run")])
            #expect(Self.commands.contains { ran.errors.contains($0) }, "\(name): \(ran.errors)")
            #expect(!File.exists(home.file("run")), "\(name)")
        }
        let ready = Set(names).subtracting(needy)
        for name in ["digits-mlp", "wine-mlp", "logistic-regression", "softmax-regression"] {
            #expect(ready.contains(name + ".json5"), "\(name)")
        }
        for name in ["mnist-mlp", "cifar10-resnet20", "linear-regression", "images-two-classes"] {
            #expect(needy.contains(name + ".json5"), "\(name)")
        }
    }

    /// A config of the user's own that gives no command gets the plain sentence.
    @Test func othersGetThePlainSentence() throws {
        let config = try home.write(
            "own.json5",
            """
            // My table.
            {data: {train: {csv: {path: "none.csv", target: "y"}}}, model: [{dense: 1}], loss: "mse",
             optimizer: "adam", batch: 8, epochs: 1}
            """)
        let finished = try program(["validate", config])
        #expect(finished.status == .exited(1) && finished.errors.contains("none.csv"))
        #expect(!finished.errors.contains("how to get"), "\(finished.errors)")
    }
}
