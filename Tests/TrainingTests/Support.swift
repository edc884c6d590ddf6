import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import Platform
import System
import TestSupport
import Testing
import Training

/// Reads a config's text as the file `job.json5`.
func load(_ text: String, _ overrides: String...) throws -> JobFile {
    let directory = try TemporaryDirectory()
    try File.writeAtomically(text, to: directory.file("job.json5"))
    return try JobFile.load(path: directory.file("job.json5"), overrides: overrides)
}

/// The errors of a config's text as the file `job.json5`; nil if there are none.
func complaint(_ text: String, _ overrides: String...) throws -> String? {
    let directory = try TemporaryDirectory()
    let path = directory.file("job.json5")
    try File.writeAtomically(text, to: path)
    do {
        _ = try JobFile.load(path: path, overrides: overrides)
        return nil
    } catch {
        return "\(error)".replacing(path, with: "job.json5")
    }
}

/// The text of a config: the given fields, and defaults for those that every job needs.
func config(_ fields: [String: String] = [:]) -> String {
    var all = [
        "data": #"{train: {builtin: "digits"}}"#, "model": #"["flatten", {dense: 10}]"#,
        "loss": #""cross_entropy""#,
        "optimizer": #""adam""#, "batch": "{size: 100}", "epochs": "2",
    ]
    all.merge(fields) { $1 }
    return "{\n" + all.sorted { $0.key < $1.key }.map { "  \($0): \($1),\n" }.joined() + "}\n"
}

/// A snapshot with a different value for every element of its tensors, and zeros in the gaps.
func distinctSnapshot(_ layout: ParameterLayout, moments: Int, step: Int) -> Snapshot {
    var snapshot = Snapshot(
        step: step, parameters: Array(repeating: 0, count: layout.flatCount),
        moments: Array(repeating: Array(repeating: 0, count: layout.flatCount), count: moments),
        statistics: Array(repeating: 0, count: layout.statisticsCount), epochTotals: [1.5, 2, 3])
    for place in layout.tensors.flatMap(\.range) {
        snapshot.parameters[place] = Float(place + 1) / 64 * (place % 2 == 0 ? 1 : -1)
        for moment in 0..<moments {
            snapshot.moments[moment][place] = Float(place + 1) / 1024 + Float(moment + 1)
        }
    }
    for place in layout.statistics.flatMap(\.range) { snapshot.statistics[place] = Float(place + 1) / 16 }
    return snapshot
}
