enum CompletionCommand {
    static let command = Command(
        name: "completion", arguments: "bash|zsh|fish",
        summary: """
            Print a script that completes commands and options.
            bash: put it into ~/.local/share/bash-completion/completions/dist-train; zsh: into a directory \
            of $fpath as _dist-train; fish: into ~/.config/fish/completions/dist-train.fish.
            """,
        options: [],
        example: "dist-train completion bash > ~/.local/share/bash-completion/completions/dist-train",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let name = try arguments.only("the name of a shell: bash, zsh or fish")
        guard let shell = CompletionScript.Shell(rawValue: name) else {
            throw UsageError("`dist-train completion` knows bash, zsh and fish, not `\(name)`")
        }
        print(CompletionScript.text(for: shell), terminator: "")
        return 0
    }
}
