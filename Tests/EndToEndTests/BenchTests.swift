import Configuration
import System
import TestSupport
import Testing

/// `dist-train bench`: what it prints, briefly measured; that nothing is left behind; mistakes.
@Suite(.serialized) struct BenchTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: String..., seconds: Double = 90) throws -> Program.Finished {
        try Program.run(arguments, in: home.path, ["TMPDIR": home.path], seconds: seconds)
    }

    private func number(_ name: String, _ value: ConfigValue) throws -> Double {
        guard case .number(let number)? = value[name]?.kind else { throw Missing(name: name) }
        return number.value
    }

    private struct Missing: Error { let name: String }

    private func parse(_ text: some StringProtocol) throws -> ConfigValue {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(SourceFile(name: "output", text: String(text)), diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value)
    }

    private static let stepFields = [
        "workers", "lanes", "batch", "steps", "ms_per_step_best", "ms_per_step_median",
        "samples_per_s_median",
    ]

    @Test func steps() throws {
        let end = try run(
            "bench", "step", ProjectFiles.path("config/bench/mlp.json5"), "--workers", "2", "--lanes", "1",
            "--seconds", "0.1", "--json",
            "--set", "model.1.dense=16", "--set", "model.2.dense=16", "--set",
            "data.train.made_up.samples=1000", "--set", "batch.size=64",
            "--set", "checkpoint.every=7")
        end.expect(status: 0)
        let result = try parse(end.output)
        #expect(result.members?.map(\.key) == Self.stepFields)
        let fields = try Self.stepFields.map { try number($0, result) }
        #expect(fields[0] == 2 && fields[1] == 1 && fields[2] == 64 && fields[3] >= 3)
        #expect(fields[4] > 0 && fields[4] <= fields[5])
        #expect(abs(fields[6] * fields[5] / 64e3 - 1) < 0.01, "samples per second belong to the median")
        // Neither a run directory nor a cache of data is left.
        let left = try Directory.list(home.path)
        #expect(left.isEmpty, "\(left)")
    }

    /// A job with data of its own, and with rules that would end it.
    @Test func stepsOfAnyJob() throws {
        let end = try run(
            "bench", "step", ProjectFiles.path("config/digits-maxout.json5"), "--seconds", "0.1", "--set",
            "max_steps=2", "--set",
            "epochs=1")
        end.expect(status: 0)
        #expect(end.output.hasPrefix("digits-maxout: 1 worker") && end.output.contains("ms median"))
    }

    @Test func collectives() throws {
        for workers in [2, 3] {
            let end = try run("bench", "collective", "--workers", "\(workers)", "--bytes", "70000", "--json")
            end.expect(status: 0)
            let result = try parse(end.output)
            #expect(result.members?.map(\.key) == ["workers", "bytes", "ms_best", "ms_median"])
            let values = try ["workers", "bytes", "ms_best", "ms_median"].map { try number($0, result) }
            #expect(values[0] == Double(workers) && values[1] == 70_000)
            #expect(values[2] > 0 && values[2] <= values[3])
        }
    }

    @Test func kernels() throws {
        let end = try run("bench", "kernels", "--seconds", "0.001", "--json")
        end.expect(status: 0)
        let result = try parse(end.output)
        #expect(
            result.members?.map(\.key) == ["cores", "blas_core", "machine", "functions_gb_per_s", "layers"])
        let machine = try #require(result["machine"])
        let rates = [
            "fma_gflops_one_core", "fma_gflops_all_cores", "triad_gb_per_s_one_core",
            "triad_gb_per_s_all_cores",
        ]
        #expect(machine.members?.map(\.key) == rates)
        for rate in rates { #expect(try number(rate, machine) > 0) }
        let functions = try #require(result["functions_gb_per_s"])
        #expect(
            functions.members?.map(\.key) == [
                "exp", "log", "tanh", "sigmoid", "relu", "add", "adam", "crc32c",
            ])
        let layers = try #require(result["layers"]?.elements)
        #expect(layers.count == 3 + 4 + 9 + 12)
        for layer in layers {
            #expect(layer.members?.count == 6)
            for rate in ["forward_gflops", "backward_data_gflops", "backward_weights_gflops"] {
                #expect(try number(rate, layer) > 0)
            }
        }
    }

    @Test(arguments: [
        (
            ["bench"],
            "`dist-train bench` needs a second word: bench step, bench predict, bench collective, "
                + "bench kernels"
        ),
        (["bench", "stp"], "there is no command `bench stp`: did you mean `bench step`?"),
        (["bench", "step"], "`dist-train bench step` needs a config file"),
        (
            ["bench", "step", "CONFIG", "--workers", "3"],
            "--workers 3: the job has 2 microbatches, so more workers have nothing to do"
        ),
        (["bench", "step", "CONFIG", "--seconds", "0"], "--seconds must be a number of seconds from 0.1"),
        (["bench", "step", "CONFIG", "--bytes", "5"], "`dist-train bench step` has no option --bytes"),
        (["bench", "step", "CONFIG", "--set", "batch.sise=4"], "unknown field `sise`"),
        (
            ["bench", "collective", "CONFIG"],
            "`dist-train bench collective` takes options only, found `CONFIG`"
        ),
        (["bench", "collective", "--bytes", "3"], "--bytes must be a whole number from 4"),
        (["bench", "collective", "--workers", "0"], "--workers must be a whole number from 1 to 64"),
        (["bench", "predict"], "`dist-train bench predict` needs a config file"),
        (["bench", "predict", "CONFIG", "--rows", "0"], "--rows must be a whole number from 1 to 100"),
        (["bench", "kernels", "--lanes", "2"], "`dist-train bench kernels` has no option --lanes"),
    ])
    func mistakes(arguments: [String], message: String) throws {
        let words = arguments.map {
            $0 == "CONFIG" && arguments[1] != "collective" ? ProjectFiles.path("config/bench/mlp.json5") : $0
        }
        let end = try Program.run(words, in: home.path, ["TMPDIR": home.path], seconds: 30)
        end.expect(status: 64)
        #expect(end.errors.contains(message), "\(end.errors)")
        #expect(end.output.isEmpty)
        #expect(try Directory.list(home.path).isEmpty)
    }

    private static let requestFields = [
        "rows", "lanes", "requests", "ms_best", "ms_median", "ms_p99", "samples_per_s_median",
    ]

    @Test func requests() throws {
        let end = try run(
            "bench", "predict", ProjectFiles.path("config/digits-cnn.json5"), "--rows", "3", "--lanes", "2",
            "--seconds", "0.05", "--json")
        end.expect(status: 0)
        let result = try parse(end.output)
        #expect(result.members?.map(\.key) == Self.requestFields)
        let fields = try Self.requestFields.map { try number($0, result) }
        #expect(fields[0] == 3 && fields[1] == 2 && fields[2] >= 1)
        #expect(0 < fields[3] && fields[3] <= fields[4] && fields[4] <= fields[5])
        #expect(abs(fields[6] * fields[4] / 3e3 - 1) < 0.01, "samples per second belong to the median")
        #expect(try Directory.list(home.path).isEmpty)
    }

    @Test(arguments: ["step", "predict"]) func jobsWithoutStepsOfDescent(command: String) throws {
        let end = try run("bench", command, ProjectFiles.path("config/digits-pca.json5"))
        end.expect(status: 64)
        #expect(end.errors.contains("the job trains no model by gradient descent"))
    }

    @Test func help() throws {
        let family = try run("bench", "--help")
        family.expect(status: 0)
        for name in ["step", "predict", "collective", "kernels"] {
            let own = try run("bench", name, "--help")
            own.expect(status: 0)
            #expect(
                own.output.hasPrefix("usage: dist-train bench \(name)")
                    && own.output.contains("example:\n  dist-train bench \(name)"))
            #expect(family.output.contains(own.output.split(separator: "\n")[0]))
        }
        let all = try run("--help").output
        #expect(!all.contains("bench member"))
    }
}
