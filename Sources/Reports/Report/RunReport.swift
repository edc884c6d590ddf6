import Configuration
import Datasets
import Jobs
import Kernels
import Pages
import Runs
import System
import Telemetry
import Training

/// The report of a run: `report.html`, the page frozen with everything that is known about the run, and its
/// model card.
///
///     let report = RunReport("runs/digits-mlp", data: .decoded(data), limits, lanes: lanes, program: "…")
///     try report.write()
///
/// It is bounded in time, samples and bytes, and says what it has left out and which data it holds.
package struct RunReport {
    package let directory: String
    private let entry: RunEntry
    private let data: ReportData?
    private let overrides: [String]
    private let limits: ReportLimits
    private let lanes: LanePool
    private let program: String

    /// - Parameters:
    ///   - directory: a run's or an ensemble's.
    ///   - data: nil: those that the job names.
    ///   - overrides: `--set` texts for the job's data.
    ///   - program: the program's name and version.
    /// - Throws: `CheckpointError` if the directory is no run's.
    package init(
        _ directory: String, data: ReportData? = nil, overrides: [String] = [], _ limits: ReportLimits,
        lanes: LanePool, program: String
    ) throws {
        entry = try .required(directory)
        self.directory = directory
        self.data = data
        self.overrides = overrides
        self.limits = limits
        self.lanes = lanes
        self.program = program
    }

    /// A report that is written.
    package struct Written: Sendable {
        package let path: String
        /// The parts that it lacks, each with the reason.
        package let leftOut: [String]
        package let confusion: ReportedConfusion?
    }

    package static func path(in directory: String) -> String { Path.join(directory, "report.html") }

    /// Makes the report and writes it, and beside it the model card unless `output` names another file.
    /// - Throws: `SystemError` if a file cannot be written.
    @discardableResult
    package func write(to output: String? = nil) throws -> Written {
        let models = ReportModels(directory, overrides: overrides)
        let facts = RunFacts(entry, models, program: program)
        var content = ReportContent(models, data: data, facts, limits, lanes)
        content.gather()
        let path = output ?? Self.path(in: directory)
        let html = page(content, facts)
        try File.writeAtomically(html.text, to: path, mode: 0o600)
        if output == nil {
            let card = ModelCard(entry, models, content, facts, program: program)
            try card.write(to: Path.join(directory, ModelCard.fileName))
        }
        return Written(
            path: path, leftOut: content.leftOut + html.leftOut, confusion: content.confusion)
    }

    // MARK: The page

    /// The HTML file. Drawings are left out until it is small enough, the largest first.
    private func page(_ content: ReportContent, _ facts: RunFacts) -> (text: String, leftOut: [String]) {
        let course = RunCourse(entry, facts, steps: content.steps)
        let figures = content.figures(of: entry)
        var plots = content.plots.map { (plot: $0, value: $0.value, size: $0.size) }
        var leftOut: [String] = []
        while true {
            let about = content.about(plots.map(\.plot), leftOut: leftOut)
            let text = html(course.value(figures: figures, plots: plots.map(\.value) + [about.value]))
            guard text.utf8.count > limits.bytes,
                let largest = plots.indices.max(by: { plots[$0].size < plots[$1].size })
            else { return (text, leftOut) }
            leftOut.append("\(plots[largest].plot.title): the file would be too large")
            plots.remove(at: largest)
        }
    }

    private func html(_ run: ConfigValue) -> String {
        PageFile.html(
            title: "\(run["name"]?.text ?? entry.name): report",
            document: PageDocument.value(
                .report, program: program, made: Clock.wallSeconds(), runs: [run]),
            connects: false)
    }
}

extension Plot {
    /// About the bytes that it takes in the file.
    fileprivate var size: Int {
        switch content {
        case .images(let pictures): pictures.reduce(0) { $0 + $1.png.count * 4 / 3 }
        default: value.compactJSON().utf8.count
        }
    }
}
