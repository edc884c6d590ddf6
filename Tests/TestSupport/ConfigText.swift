import Jobs
import System

/// Reads a config's text as the file `job.json5`.
package func load(_ text: String, _ overrides: String...) throws -> JobFile {
    let directory = try TemporaryDirectory()
    try File.writeAtomically(text, to: directory.file("job.json5"))
    return try JobFile.load(path: directory.file("job.json5"), overrides: overrides)
}

/// The errors of a config's text as the file `job.json5`; nil if there are none.
package func complaint(_ text: String, _ overrides: String...) throws -> String? {
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
package func config(_ fields: [String: String] = [:]) -> String {
    var all = [
        "data": #"{train: {builtin: "digits"}}"#, "model": #"["flatten", {dense: 10}]"#,
        "loss": #""cross_entropy""#,
        "optimizer": #""adam""#, "batch": "{size: 100}", "epochs": "2",
    ]
    all.merge(fields) { $1 }
    return "{\n" + all.sorted { $0.key < $1.key }.map { "  \($0): \($1),\n" }.joined() + "}\n"
}
