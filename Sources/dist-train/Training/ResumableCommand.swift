import System

/// The command line of a run, from which follows the one that resumes it.
package struct ResumableCommand: Sendable {
    /// Without `dist-train`, `--run-dir` and `--resume`.
    private let words: [String]

    package init(_ arguments: Arguments) {
        words = [arguments.command] + arguments.words(without: ["--run-dir": true, "--resume": false])
    }

    /// The line that resumes the run in a directory, for a shell.
    /// - Parameter address: replaces the value of `--listen`, if that is given: workers look for the
    ///   coordinator there, and the system may have chosen the port.
    package func line(resuming directory: String, listeningOn address: String) -> String {
        var words = words
        if let index = words.firstIndex(of: "--listen"), index + 1 < words.count {
            words[index + 1] = address
        }
        if let index = words.firstIndex(where: { $0.hasPrefix("--listen=") }) {
            words[index] = "--listen=\(address)"
        }
        return (["dist-train"] + words + ["--run-dir", directory, "--resume"]).map(ShellWords.quoted)
            .joined(separator: " ")
    }

    /// The line that begins another run with some fields of the config changed.
    package func line(setting fields: [(path: String, value: String)]) -> String {
        (["dist-train"] + words + fields.flatMap { ["--set", "\($0.path)=\($0.value)"] }).map(
            ShellWords.quoted
        )
        .joined(separator: " ")
    }
}
