import Checkpoints
import Cluster
import Configuration
import Runs
import System

extension EnsembleResult {
    /// Reads the results of members that are all trained, and evaluates them together.
    init(of path: String, members count: Int) throws {
        let members = try (0..<count).map {
            try Self.read(Path.join(EnsembleDirectory.member($0, of: path), "result.json"))
        }
        let evaluations = try ["validation", "test"].map { set in
            let isMeasured = members.allSatisfy { $0[set]?.members != nil }
            return (set, isMeasured ? try Self.evaluate(path, on: set) : .null)
        }
        self.init(path: path, members: members, evaluations: evaluations)
    }

    private static func read(_ path: String) throws -> ConfigValue {
        guard let value = try parse(SourceFile(contentsOf: path)) else {
            throw CheckpointError("`\(path)` cannot be read; resume the run to write it again")
        }
        return value
    }

    /// Evaluates in another process, which uses the OpenBLAS core of the members whatever this process uses.
    private static func evaluate(_ path: String, on set: String) throws -> ConfigValue {
        let lifeline = try Pipe()
        var environment = Environment.all()
        environment[InheritedDescriptors.lifeline] = "3"
        let process = try ChildProcess(
            Executable.path(), ["evaluate", path, "--data", set, "--json"], environment: environment,
            descriptors: [3: lifeline.readEnd], standardOutput: .capture, standardError: .capture)
        while process.wait(seconds: 10) == nil {}  // the output is complete only after `wait`
        lifeline.closeWriteEnd()
        guard process.exitStatus()?.isSuccess == true else {
            throw CheckpointError("the ensemble could not be evaluated: \(process.standardError())")
        }
        let output = SourceFile(name: "the evaluation", text: process.standardOutput())
        return try parse(output)?["metrics"] ?? .null
    }

    private static func parse(_ file: SourceFile) throws -> ConfigValue? {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(file, diagnostics: diagnostics)
        try diagnostics.check()
        return value
    }
}
