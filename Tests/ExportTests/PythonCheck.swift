import System
import TestSupport
import Testing

/// Python with the packages that exported models are for: `PYTHON`, or `python3`.
enum PythonCheck {
    private static let python = Environment.value("PYTHON") ?? "python3"
    static let isAbsent: Comment = "python3 with onnx, onnxruntime, torch and safetensors is missing"

    static let isThere: Bool = {
        let child = try? ChildProcess(
            python, ["-c", "import numpy, onnx, onnxruntime, safetensors, torch"], standardOutput: .discard,
            standardError: .discard)
        return child?.wait(seconds: 120) == .exited(0)
    }()

    /// Whether all is checked that takes long.
    static let isFull = Environment.value("DIST_TRAIN_FULL_TESTS") == "1"
    static let takesLong: Comment = "it takes long: `.ci/run full` runs it"

    /// Fails unless onnxruntime and PyTorch give this program's answers for the cases.
    static func expectAgreement(
        _ cases: [@Sendable (TemporaryDirectory) throws -> ExportCase], seconds: Double = 500
    ) async throws {
        let said = try await onThread {
            let directory = try TemporaryDirectory()
            let models = directory.file("models")
            try Directory.createNew(models, mode: 0o700)
            for (index, make) in cases.enumerated() {
                let made = try make(directory)
                try made.write(to: Path.join(models, "\(index + 100)-\(made.name)"))
            }
            let child = try ChildProcess(
                python, [ProjectFiles.path("Tests/Fixtures/export/check_export.py"), models],
                standardOutput: .capture, standardError: .capture)
            let status = child.wait(seconds: seconds)
            return "\(child.standardError())\(child.standardOutput())\(status.map { "\($0)" } ?? "no end")"
        }
        #expect(said.hasSuffix(" 0 failures\n\(ExitStatus.exited(0))"), "\(said)")
        #expect(said.contains("\(cases.count) models, "), "\(said)")
    }
}
