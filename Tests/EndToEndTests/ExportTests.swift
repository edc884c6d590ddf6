import System
import TestSupport
import Testing

/// Trained models leave for other programs.
@Suite(.serialized) struct ExportTests {
    private static let python = Environment.value("PYTHON") ?? "python3"

    private static let hasPackages: Bool = {
        let child = try? ChildProcess(
            python, ["-c", "import numpy, onnx, onnxruntime, PIL, safetensors, torch"],
            standardOutput: .discard,
            standardError: .discard)
        return child?.wait(seconds: 120) == .exited(0)
    }()

    private func text(_ path: String) throws -> String { try File.readText(path, limit: 1 << 24) }

    @Test func filesOfATrainedModel() throws {
        let bench = try Bench(DigitsJob(steps: 24))
        _ = try bench.bits("run", workers: 1)
        let run = bench.runDirectory("run")
        let exported = try Program.run(
            [
                "export", run, "--onnx", "digits.onnx", "--pytorch", "digits", "--safetensors",
                "digits.safetensors",
            ].map { $0.hasPrefix("digits") ? bench.directory.file($0) : $0 }, in: bench.path)
        #expect(exported.status == .exited(0) && exported.output.isEmpty, "\(exported.errors)")
        #expect(exported.errors.contains("from \(run)/checkpoints/step-00000024\n"))
        let directory = bench.directory.file("digits")
        #expect(
            try Directory.list(directory).sorted()
                == ["model.py", "model.safetensors", "predict.py", "requirements.txt"])
        let weights = try File.read(Path.join(directory, "model.safetensors"), limit: 1 << 24)
        #expect(try File.read(bench.directory.file("digits.safetensors"), limit: 1 << 24) == weights)
        let module = try text(Path.join(directory, "model.py"))
        for line in ["self.dense1 = nn.Linear(64, 64)", "self.dense1.bn = nn.BatchNorm1d(64, eps=1e-05"] {
            #expect(module.contains(line) || module.contains(line.dropLast() + ", bias=False)"), "\(module)")
        }
        #expect(try File.read(bench.directory.file("digits.onnx"), limit: 1 << 24).count > 20_000)
        // An older checkpoint, by its own path.
        let older = try Program.run(
            ["export", "\(run)/checkpoints/step-00000012", "--onnx", bench.directory.file("older.onnx")],
            in: bench.path)
        #expect(older.errors.contains("step-00000012"), "\(older.errors)")
    }

    @Test func refusals() throws {
        let bench = try Bench(DigitsJob(steps: 4))
        let trained = try Program.run(
            bench.arguments("run", workers: 1, ["--set", "ensemble=2"]), in: bench.path)
        #expect(trained.status == .exited(0), "\(trained.errors)")
        let run = bench.runDirectory("run")
        let nothing = try Program.run(["export", run], in: bench.path)
        #expect(nothing.status == .exited(64) && nothing.errors.contains("needs --onnx FILE, --pytorch DIR"))
        let ensemble = try Program.run(
            ["export", run, "--onnx", bench.directory.file("x.onnx")], in: bench.path)
        #expect(ensemble.status != .exited(0) && ensemble.errors.contains("export a member"), "\(ensemble)")
        #expect(!File.exists(bench.directory.file("x.onnx")))
        let member = try Program.run(
            ["export", "\(run)/member-1", "--onnx", bench.directory.file("x.onnx")], in: bench.path)
        #expect(member.status == .exited(0), "\(member.errors)")
    }

    /// Exports a run, and lets the exported `predict.py` predict.
    /// - Returns: what is wrong; empty if its lines are those of `predict`, up to rounding.
    private func difference(
        of run: String, input: String, _ directory: TemporaryDirectory, name: String
    ) throws -> String {
        let target = directory.file("\(name)-exported")
        let exported = try Program.run(
            ["export", run, "--pytorch", target, "--onnx", directory.file("\(name).onnx")],
            in: directory.path)
        guard exported.status == .exited(0) else { return exported.errors }
        let ours = directory.file("\(name)-ours.csv")
        let predicted = try Program.run(
            ["predict", run, "--input", input, "--output", ours], in: directory.path)
        guard predicted.status == .exited(0) else { return predicted.errors }
        let child = try ChildProcess(
            Self.python,
            [
                ProjectFiles.path("Tests/Fixtures/export/compare_predictions.py"), target, input, ours,
                directory.file("\(name).onnx"),
            ], standardOutput: .capture, standardError: .capture)
        guard child.wait(seconds: 200) == .exited(0) else {
            return "\(name): \(child.standardOutput())\(child.standardError())"
        }
        return ""
    }

    /// A photograph that is resized, a table with missing cells: `predict.py` reads them as `predict` does.
    @Test(.enabled(if: hasPackages, "python3 with onnxruntime and torch is missing"))
    func predictionsOfExportedModels() async throws {
        let faults = try await onThread {
            let jobs = try ReadyJobs()
            let trained = try jobs.run(
                ["run", ProjectFiles.path("config/images-two-classes.json5"), "--run-dir", "images"]
                    + [
                        "max_steps=3", "data.train.image_folder.size=[24, 24]",
                        "data.test.image_folder.size=[24, 24]",
                    ].flatMap { ["--set", $0] })
            guard trained.status == .exited(0) else { return trained.errors }
            return try difference(
                of: jobs.directory.file("images"), input: jobs.directory.file("data/photos/test"),
                jobs.directory, name: "images")
                + table(jobs)
        }
        #expect(faults.isEmpty, "\(faults)")
    }

    private func table(_ jobs: ReadyJobs) throws -> String {
        var rows = ["\"a \"\"size\"\"\" ; colour;kind"]
        for row in 0..<40 {
            let number = row % 9 == 4 ? "" : "\(row * 37 % 19),5"
            let colour = row % 11 == 3 ? "NA" : ["red", " \"dark \"\"blue\"\"\"", "\"a;b\nc\""][row % 3]
            rows.append("\(number); \(colour) ;\(["yes", "no", "\"]}"][row % 3].replacing("\"", with: "'"))")
        }
        let path = try jobs.directory.write("table.csv", rows.joined(separator: "\r\n") + "\r\n")
        try jobs.directory.write(
            "table.json5",
            """
            {
              data: {train: {csv: {path: "table.csv", delimiter: ";", decimal: ",", target: "kind",
                on_missing: "mean"}}, normalize: "z_score"},
              model: [{dense: 8, activation: "tanh"}, {dense: 3}], loss: "cross_entropy",
              optimizer: {adam: {learning_rate: 0.01}}, batch: {size: 8}, epochs: 2,
            }
            """)
        let trained = try jobs.run(["run", "table.json5", "--run-dir", "table"])
        guard trained.status == .exited(0) else { return trained.errors }
        return try difference(
            of: jobs.directory.file("table"), input: path, jobs.directory, name: "table")
    }
}
