import Checkpoints
import Configuration
import Pages
import Runs
import System

/// Several runs in one file: their curves over each other, what differs in their jobs, and their results.
package struct ComparisonReport {
    private let comparison: RunComparison
    private let program: String

    /// - Parameter directories: of at least two runs.
    /// - Throws: `CheckpointError` if one is no run directory.
    package init(_ directories: [String], program: String) throws {
        let entries = try directories.map { path in
            guard let entry = RunEntry(path) else {
                throw CheckpointError("`\(path)` is no run directory: it has no job.json5")
            }
            return entry
        }
        comparison = RunComparison(entries)
        self.program = program
    }

    /// - Throws: `SystemError` if the file cannot be written.
    package func write(to path: String) throws {
        let runs = comparison.runs.map { entry in
            let facts = RunFacts(entry, ReportModels(none: ()), program: program)
            return RunCourse(entry, facts).value(figures: [], plots: [])
        }
        let names = comparison.runs.map(\.name).joined(separator: ", ")
        let html = PageFile.html(
            title: "Comparison of \(names)",
            document: PageDocument.value(
                .comparison, program: program, made: Clock.wallSeconds(), runs: runs,
                plots: plots.map(\.value)),
            connects: false)
        try File.writeAtomically(html, to: path, mode: 0o600)
    }

    // MARK: Plots

    var plots: [Plot] { [results, settings] }

    private var columns: [Plot.Column] {
        [Plot.Column("", isNumber: false)] + comparison.runs.map { Plot.Column($0.name) }
    }

    private var results: Plot {
        let runs = comparison.runs
        var rows: [[Plot.Cell]] = [
            [.text("state")] + runs.map { .text($0.state.rawValue) },
            [.text("epochs")] + runs.map { .count($0.epochs.done) },
            [.text("seconds")] + runs.map { .optional($0.result?["seconds"]?.double) },
        ]
        var best: [String] = []
        for (name, values) in comparison.metrics {
            rows.append([.text(name)] + values.map { .optional($0) })
            if let index = RunComparison.best(name, values) {
                best.append("\(name): \(runs[index].name)")
            }
        }
        return Plot(
            .comparison, "Results",
            note: best.isEmpty ? nil : "The best: \(best.joined(separator: "; ")).",
            alt:
                "\(runs.count) runs are compared by \(TextFormat.count(comparison.metrics.count, "figure")).",
            .table(columns, rows: rows))
    }

    private var settings: Plot {
        let settings = comparison.settings
        guard !settings.isEmpty else {
            let text = "The jobs do not differ."
            return Plot(.comparison, "Differences of the jobs", alt: text, .text(text))
        }
        return Plot(
            .comparison, "Differences of the jobs",
            note: "Only fields that differ; - is one that a job lacks.",
            alt: "The jobs differ in \(settings.map(\.path).joined(separator: ", ")).",
            .table(
                columns.map { Plot.Column($0.name, isNumber: false) },
                rows: settings.map { [.text($0.path)] + $0.values.map { .text(RunComparison.shown($0)) } }))
    }
}
