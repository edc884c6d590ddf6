import System

enum CompletionCommand {
    static let command = Command(
        name: "completion", arguments: "bash|zsh|fish|man [COMMAND]",
        summary: """
            Print a shell's completions, or a manual page.
            bash: put them into ~/.local/share/bash-completion/completions/dist-train; zsh: into a directory \
            of $fpath as _dist-train; fish: into ~/.config/fish/completions/dist-train.fish.
            `man` prints the manual page of the program or of a command, in roff.
            With --prefix all of them go to their usual places, as `deploy/install --prefix DIR` does it.
            """,
        options: [
            Option(
                name: "--prefix", value: "DIR",
                help: "write the scripts of all shells and all manual pages below DIR/share")
        ],
        example: "dist-train completion bash > ~/.local/share/bash-completion/completions/dist-train",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        if let prefix = arguments.string("--prefix") {
            try arguments.requireNoPositionals()
            try install(below: prefix)
            return 0
        }
        if arguments.positionals.first == "man" {
            print(try page(Array(arguments.positionals.dropFirst())), terminator: "")
            return 0
        }
        let name = try arguments.only("the name of a shell: bash, zsh or fish; or man")
        guard let shell = CompletionScript.Shell(rawValue: name) else {
            throw UsageError("`dist-train completion` knows bash, zsh, fish and man, not `\(name)`")
        }
        print(CompletionScript.text(for: shell), terminator: "")
        return 0
    }

    private static func page(_ words: [String]) throws -> String {
        guard !words.isEmpty else { return ManualPage.program }
        let (command, rest) = try Commands.find(words)
        if let extra = rest.first {
            throw UsageError("`dist-train completion man` takes one command, found also `\(extra)`")
        }
        return ManualPage.text(of: command)
    }

    /// Writes every file, and prints its path.
    private static func install(below prefix: String) throws {
        let scripts = CompletionScript.Shell.allCases.map {
            (path: $0.usualPath, text: CompletionScript.text(for: $0))
        }
        for (path, text) in scripts + ManualPage.all.map({ ("man/man1/\($0.name)", $0.text) }) {
            let file = Path.join(prefix, Path.join("share", path))
            try Directory.create(Path.directory(of: file))
            try File.writeAtomically(text, to: file)
            print(file)
        }
    }
}

extension CompletionScript.Shell {
    /// Where the shell looks for scripts of installed programs, below a prefix's `share`.
    fileprivate var usualPath: String {
        switch self {
        case .bash: "bash-completion/completions/dist-train"
        case .zsh: "zsh/site-functions/_dist-train"
        case .fish: "fish/vendor_completions.d/dist-train.fish"
        }
    }
}
