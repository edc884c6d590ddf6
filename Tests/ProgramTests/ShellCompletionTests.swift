import System
import TestSupport
import Testing
import dist_train

/// The completions in the real zsh and fish.
@Suite struct ShellCompletionTests {
    private static func path(_ shell: String) -> String? {
        ["/usr/bin", "/bin", "/usr/local/bin"].map { Path.join($0, shell) }.first(where: File.exists)
    }

    private static let fish = path("fish")
    private static let zsh = path("zsh")

    /// The words typed so far, what is offered then, and what is not.
    private static let cases: [(typed: String, offered: [String], others: [String])] = [
        ("ev", ["evaluate"], ["predict"]), ("tra", ["train"], ["run"]),
        ("run --ep", ["--epochs"], ["--workers"]), ("bench st", ["step"], ["kernels"]),
        ("worker --jo", ["--join"], ["--workers"]), ("token ro", ["rotate"], ["show"]),
        ("completion z", ["zsh"], ["bash"]), ("runs rem", ["remove"], []),
        ("validate --js", ["--json"], []), ("run --col", ["--color"], []),
    ]

    @Test(.enabled(if: fish != nil, "fish is missing"), arguments: cases)
    func fishCompletes(_ words: (typed: String, offered: [String], others: [String])) throws {
        let directory = try TemporaryDirectory()
        try directory.write("script", CompletionScript.text(for: .fish))
        let line = "source \(directory.file("script")); complete -C 'dist-train \(words.typed)'"
        let found = try output(
            try #require(Self.fish), ["--no-config", "-c", line], in: directory
        )
        .split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
        #expect(words.offered.allSatisfy(found.contains), "\(found)")
        #expect(!words.others.contains(where: found.contains), "\(found)")
    }

    /// In an interactive zsh on a terminal of its own, a key completes the line and writes it into a file.
    @Test(.enabled(if: zsh != nil, "zsh is missing"), arguments: cases)
    func zshCompletes(_ words: (typed: String, offered: [String], others: [String])) throws {
        let directory = try TemporaryDirectory()
        try directory.write("_dist-train", CompletionScript.text(for: .zsh))
        try directory.write("setup", Self.setup)
        try directory.write("drive", Self.drive)
        let line = try output(
            try #require(Self.zsh), ["-f", directory.file("drive"), "dist-train \(words.typed)"],
            in: directory)
        let last = words.typed.split(separator: " ").dropLast().joined(separator: " ")
        let expected = ["dist-train", last, words.offered[0]].filter { !$0.isEmpty }.joined(separator: " ")
        #expect(line.hasPrefix(expected), "\(line)")
    }

    /// The inner shell reads this; Control-X completes, and tells.
    private static let setup = """
        PROMPT= RPS1= ; cd $HOME
        fpath=($HOME $fpath)
        autoload -Uz compinit && compinit -u -d $HOME/dump
        probe() { zle complete-word; print -r -- "$BUFFER" > $HOME/line.new; mv $HOME/line.new $HOME/line }
        zle -N probe
        bindkey '^X' probe
        : > $HOME/ready

        """

    private static let drive = """
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner "source $HOME/setup"
        for _ in {1..600}; do [[ -e $HOME/ready ]] && break; sleep 0.05; done
        zpty -w -n inner "$1"$'\\x18'
        for _ in {1..600}; do [[ -e $HOME/line ]] && break; sleep 0.05; done
        cat $HOME/line
        zpty -d inner

        """

    private func output(_ program: String, _ arguments: [String], in home: TemporaryDirectory) throws
        -> String
    {
        let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home.path, "TERM": "xterm"]
        let process = try ChildProcess(
            program, arguments, environment: environment, standardOutput: .capture, standardError: .capture)
        _ = try #require(process.wait(seconds: 120), "\(process.standardError())")
        #expect(process.standardError() == "")
        return process.standardOutput()
    }
}
