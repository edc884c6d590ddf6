import Checkpoints
import Configuration
import System

/// The runs in a directory, and the short names by which they are found.
package struct RunCatalog {
    private let directory: String

    package init(_ directory: String = "runs") { self.directory = directory }

    /// The names of all run directories, the oldest first.
    /// - Throws: `SystemError` if the directory cannot be read.
    package func names() throws -> [String] {
        guard Directory.isDirectory(directory) else { return [] }
        let names = try Directory.list(directory).filter {
            File.exists(Path.join(Path.join(directory, $0), "job.json5"))
        }
        let times = Dictionary(uniqueKeysWithValues: names.map { ($0, time($0)) })
        return names.sorted { (times[$0] ?? 0, $0) < (times[$1] ?? 0, $1) }
    }

    /// When a run was started, as nearly as its files tell.
    private func time(_ name: String) -> Double {
        let path = Path.join(directory, name)
        return File.modified(Path.join(path, "run.json")) ?? File.modified(Path.join(path, "job.json5")) ?? 0
    }

    /// The path that a word of the command line means: a path that exists, `latest`, a name in the directory,
    /// the newest run of a job, or the run whose name alone has the word in it.
    /// - Throws: `CheckpointError` if the word means none or several, or `SystemError`.
    package func path(of word: String) throws -> String {
        let word = word.count > 1 && word.hasSuffix("/") ? String(word.dropLast()) : word
        if Directory.isDirectory(word) || word.contains("/") { return word }
        let names = try names()
        if word == "latest" {
            guard let last = names.last else {
                throw CheckpointError(
                    "there is no run in `\(directory)` yet; start one:  dist-train run CONFIG")
            }
            return Path.join(directory, last)
        }
        if names.contains(word) { return Path.join(directory, word) }
        if let newest = try RunDirectory.newestRun(named: word, in: directory) { return newest }
        let found = names.filter { $0.contains(word) }
        if found.count == 1 { return Path.join(directory, found[0]) }
        guard found.isEmpty else {
            let listed = found.suffix(5).map { "`\($0)`" }.joined(separator: ", ")
            throw CheckpointError(
                "`\(word)` may mean \(found.count) runs: \(found.count > 5 ? "…, " : "")\(listed); write more"
                    + " of the name")
        }
        let nearest = Suggestion.nearest(to: word, among: names).map { "did you mean `\($0)`?" }
        throw CheckpointError(
            "`\(word)` is neither a run directory nor a checkpoint;"
                + " \(nearest ?? "`dist-train runs` lists the runs in `\(directory)`")")
    }
}
