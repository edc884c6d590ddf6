import Configuration
import Kernels
import Pages
import Runs
import System
import Training

// The facts of a run from its directory and its models.
extension RunFacts {
    init(_ entry: RunEntry, _ models: ReportModels, program: String) {
        self.init(name: entry.job["name"]?.text ?? entry.name, directory: entry.path)
        command = Self.command(of: entry)
        monitor = entry.best?.metric
        config = try? File.readText(Path.join(entry.path, "job.json5"), limit: 1 << 20)
        model = models.plan.flatMap(Model.init)
        environment = Self.environment(entry, models, program)
    }

    /// The command that computes the run again: that of its start, or else the job that it has kept.
    private static func command(of entry: RunEntry) -> String {
        let words: [String]
        if let origin = entry.origin, !origin.config.isEmpty {
            words = [origin.config] + origin.overrides
        } else {
            words = [Path.join(entry.path, "job.json5")]
        }
        return (["dist-train", "run"] + words).map(ShellWords.quoted).joined(separator: " ")
    }

    private static func environment(_ entry: RunEntry, _ models: ReportModels, _ program: String)
        -> [(name: String, value: String)]
    {
        let result = entry.result
        var rows: [(name: String, value: String)] = []
        func add(_ name: String, _ value: String?) { if let value { rows.append((name, value)) } }
        add("state_sha256", result?["state_sha256"]?.text)
        add("numeric platform", result?["platform"]?.text ?? models.all.first?.state.platform)
        add(
            "exact",
            (result?["exact"] ?? result?["isExact"]).map {
                $0 == .bool(true) ? "yes" : "no: workers of other platforms took part"
            })
        add("workers", result?["workers"]?.integer.map { "\($0)" })
        add("checkpoint", models.all.count == 1 ? models.all.first?.path : nil)
        add("members", models.all.count > 1 ? "\(models.all.count)" : nil)
        add("content hash of the data", models.all.first?.state.data)
        add("started", entry.origin?.started)
        add("ended", result?["ended"]?.text)
        add("report made by", program)
        add("processor of the report", Fingerprint.architecture + (Processor.hasAVX512 ? " (AVX-512)" : ""))
        add("cores", "\(Processor.cores)")
        add("OpenBLAS", "\(BLAS.coreName); \(BLAS.configuration)")
        return rows
    }
}
