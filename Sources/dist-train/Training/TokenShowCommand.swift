import Cluster

enum TokenShowCommand {
    static let command = Command(
        name: "token show", arguments: "",
        summary: """
            Print the token of coordinators on this machine.
            Whoever has it can join every job of that token, and gets its data.
            """,
        options: [.storedToken],
        example: """
            dist-train token show | ssh bob@192.168.1.11 'umask 077; mkdir -p .config/dist-train; \
            cat > .config/dist-train/token'
            """,
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        try arguments.requireNoPositionals()
        print(try TokenStore.existing(file: arguments.string("--token-file")).hex)
        return 0
    }
}

extension Option {
    static let storedToken = Option(
        name: "--token-file", value: "FILE",
        help: "the file with the token (default ~/.config/dist-train/token)")
}
