import Cluster
import System

extension Commands {
    static let tokenShow = Command(
        name: "token show", arguments: "",
        summary:
            "Print the token that a coordinator started here would have, on standard output.\nWhoever has it can join every job of that token, and gets its data.",
        options: [tokenPlace],
        example:
            "dist-train token show | ssh bob@192.168.1.11 'umask 077; mkdir -p .config/dist-train; cat > .config/dist-train/token'"
    ) { arguments in
        try requireNoWords(arguments, "token show")
        print(try TokenStore.existing(file: arguments.string(tokenPlace.name)).hex)
        return 0
    }

    static let tokenRotate = Command(
        name: "token rotate", arguments: "",
        summary:
            "Make a new token in place of the old one, and say what is to be done on the other machines.\nProcesses that run keep the old one until they are started again.",
        options: [tokenPlace], example: "dist-train token rotate"
    ) { arguments in
        try requireNoWords(arguments, "token rotate")
        let path = try TokenStore.rotate(file: arguments.string(tokenPlace.name))
        print(
            """
            a new token is in \(path), for you alone. Who has the old one can join no more, once all is started anew:
              1. stop the coordinator (Ctrl-C writes a checkpoint), and start it again with --resume
              2. on each machine with workers put the new token in the place of the old one; `dist-train token show` prints it
              3. start the workers again
            """)
        if Environment.value("DIST_TRAIN_TOKEN") != nil, arguments.string(tokenPlace.name) == nil {
            print("DIST_TRAIN_TOKEN is set here and comes before the file: unset it")
        }
        return 0
    }

    private static let tokenPlace = Option(
        name: "--token-file", value: "FILE",
        help: "the file with the token (default ~/.config/dist-train/token)")

    private static func requireNoWords(_ arguments: Arguments, _ command: String) throws {
        if let extra = arguments.positionals.first {
            throw UsageError("`dist-train \(command)` takes options only, found `\(extra)`")
        }
    }
}
