import Configuration
import System
import TestSupport
import Testing

extension Exactness {
    /// `--trace`, `metrics.jsonl` and the table at the end agree about a run. Only their own numbers are
    /// compared with each other, never with a clock.
    @Suite struct Timing {
        private static let job = DigitsJob(steps: 30)
        private static let layers = ["dense1", "dense1.bn", "dense2", "dense2.bn", "dense3"]

        private func parsed(_ text: String, _ name: String) throws -> ConfigValue {
            let diagnostics = Diagnostics()
            let value = JSON5.parse(text, name: name, diagnostics: diagnostics)
            try diagnostics.check()
            return try #require(value)
        }

        @Test func traceTableAndFile() throws {
            let bench = try Bench(Self.job)
            let (quiet, file) = (try bench.quiet(), bench.directory.file("trace.json"))
            let finished = try bench.run("traced", workers: 2, ["--trace", file])
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, bench.runDirectory("traced")) == quiet, "measuring changes no bits")
            let log = bench.log("traced")
            for name in ["step_times", "layer_times"] { #expect(try log.has(name), "\(finished.errors)") }
            let written = try #require(log.events("trace_written").last, "\(finished.errors)")
            #expect(written.text("path") == file && written.text("extent") == "steps 1 to 30", "\(written)")

            let events = try TraceEvent.checked(
                try parsed(File.readText(file, limit: 1 << 24), "trace")["traceEvents"]?.elements ?? [])
            #expect(Set(events.map(\.process)) == [1, 2])
            for worker in 1...2 {
                let mine = events.filter { $0.process == worker && $0.thread == 1 }
                let steps = mine.filter { $0.name == "step" }
                #expect(steps.map(\.step) == Array(1...30))
                for step in steps {
                    // The step's phases follow each other without a gap, and fill it.
                    let phases = mine.filter {
                        ["data", "forward", "backward", "gradients"].contains($0.name) && $0.step == step.step
                    }
                    #expect(phases.map(\.name) == ["data", "forward", "backward", "gradients"])
                    #expect(phases.reduce(0) { $0 + $1.end - $1.begin } == step.end - step.begin)
                    // Two batch norms, forward and backward.
                    #expect(mine.count { $0.name == "statistics" && $0.step == step.step } == 4)
                    // The layers, and flatten and the activations, forward; backward as far as gradients are
                    // needed.
                    let layers = mine.filter { $0.step == step.step && Self.layers.contains($0.name) }
                    #expect(layers.count == 2 * Self.layers.count, "\(layers)")
                }
                #expect(events.contains { $0.process == worker && $0.thread == 2 && $0.name == "update" })
                #expect(mine.contains { $0.name == "evaluation" } && mine.contains { $0.name == "snapshot" })
            }

            let lines = try File.readText(bench.runDirectory("traced") + "/metrics.jsonl", limit: 1 << 20)
                .split(separator: "\n").filter {
                    $0.contains("\"workers\":")
                }
            #expect(lines.count == 3, "30 steps are two and a half epochs of 12")
            let counts = try lines.map {
                try parsed(String($0), "timing")["workers"]?.elements?.compactMap { $0["steps"] }
            }
            #expect(counts == [[12, 12], [12, 12], [6, 6]])
        }

        /// Stopped by SIGINT: the trace is written all the same.
        @Test func stopped() throws {
            let bench = try Bench(DigitsJob(steps: 100_000))
            let file = bench.directory.file("trace.json")
            let process = try Program.start(
                bench.arguments("stopped", workers: 1, ["--trace", file]), in: bench.path, bench.environment()
            )
            try bench.log("stopped").wait(for: "epoch_finished", from: process) { $0.integer("epoch") == 3 }
            process.send(2)
            let finished = try Program.finish(process)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            let events = try TraceEvent.checked(
                try parsed(File.readText(file, limit: 1 << 26), "trace")["traceEvents"]?.elements ?? [])
            #expect(events.count { $0.name == "step" } >= 36)
        }

        @Test func noSuchDirectory() throws {
            let bench = try Bench(Self.job)
            let finished = try bench.run(
                "none", workers: 1, ["--trace", bench.directory.file("no/trace.json")])
            #expect(finished.status == .exited(64))
            #expect(finished.errors.contains("there is no directory"), "\(finished.errors)")
        }
    }
}
