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
        comparison = RunComparison(try directories.map(RunEntry.required))
        self.program = program
    }

    /// - Throws: `SystemError` if the file cannot be written.
    package func write(to path: String) throws {
        let runs = comparison.runs.map { entry in
            var facts = RunFacts(entry, ReportModels(none: ()), program: program)
            facts.name = entry.name
            let figures = ["train", "validation", "test"].flatMap { set in
                entry.metrics(set).map { Figure(set: set, name: $0.name, value: $0.value) }
            }
            return RunCourse(entry, facts).value(figures: figures, plots: [])
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

    private var plots: [Plot] { results + [settings] }

    /// A row for each figure. The note says which run has the best value, where its direction is known.
    private var results: [Plot] {
        guard !comparison.metrics.isEmpty else { return [] }
        let best = comparison.metrics.compactMap { name, values in
            RunComparison.best(name, values).map { "\(name): \(comparison.runs[$0].name)" }
        }
        return [
            Plot(
                .comparison, "Results",
                note: best.isEmpty ? nil : "The best: \(best.joined(separator: "; ")).",
                alt: "\(comparison.runs.count) runs are compared by"
                    + " \(TextFormat.count(comparison.metrics.count, "figure")).",
                .table(
                    [Plot.Column("figure", isNumber: false)]
                        + comparison.runs.map { Plot.Column($0.name) },
                    rows: comparison.metrics.map { name, values in
                        [.text(name)] + values.map { .optional($0) }
                    }))
        ]
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
                ([""] + comparison.runs.map(\.name)).map { Plot.Column($0, isNumber: false) },
                rows: settings.map { [.text($0.path)] + $0.values.map { .text(RunComparison.shown($0)) } }))
    }
}
