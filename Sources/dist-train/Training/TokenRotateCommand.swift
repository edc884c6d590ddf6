import Cluster

enum TokenRotateCommand {
    static let command = Command(
        name: "token rotate", arguments: "",
        summary: """
            Make a new token in place of the old one.
            Says what is to be done on the other machines.
            Processes that run keep the old one until they are started again.
            """,
        options: [.storedToken], example: "dist-train token rotate", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        try arguments.requireNoPositionals()
        let path = try TokenStore.rotate(file: arguments.string("--token-file"))
        print(
            """
            a new token is in \(path), which only you can read. Replace the old token everywhere:
              1. stop the coordinator (Ctrl-C writes a checkpoint), and start it again with --resume
              2. put the new token, which `dist-train token show` prints, on each machine with workers
              3. start the workers again
            After that, nobody can join with the old token.
            """)
        if let precedence = TokenStore.precedence, !arguments.has("--token-file") { print(precedence) }
        return 0
    }
}
