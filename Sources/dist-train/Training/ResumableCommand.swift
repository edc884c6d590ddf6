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
        return (["dist-train"] + words + ["--run-dir", directory, "--resume"]).map(Self.quoted)
            .joined(separator: " ")
    }

    /// The line that begins another run with some fields of the config changed.
    package func line(setting fields: [(path: String, value: String)]) -> String {
        (["dist-train"] + words + fields.flatMap { ["--set", "\($0.path)=\($0.value)"] }).map(Self.quoted)
            .joined(separator: " ")
    }

    /// Quotes a word as a shell needs it.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_./:=,@%+".utf8.contains(byte)
        }
        guard !isPlain || word.isEmpty else { return word }
        let parts = word.split(separator: "'", omittingEmptySubsequences: false)
        return "'\(parts.joined(separator: "'\\''"))'"
    }
}
