import Configuration

/// One subcommand: what its help says and what it does.
struct Command: Sendable {
    let name: String
    let arguments: String
    let summary: String
    let options: [Option]
    let example: String
    /// Returns the exit status.
    let run: @Sendable (Arguments) throws -> Int32

    var help: String {
        var lines = [
            "usage: dist-train \(name) \(arguments)\(options.isEmpty ? "" : " [options]")", "", summary,
        ]
        if !options.isEmpty {
            let heads = options.map { "  \($0.name)\($0.value.map { " \($0)" } ?? "")" }
            let width = min(30, heads.map(\.count).max() ?? 0)
            lines += ["", "options:"]
            for (head, option) in zip(heads, options) {
                let gap = String(repeating: " ", count: max(2, width - head.count + 2))
                lines.append(
                    head + gap
                        + option.help.split(separator: "\n").joined(
                            separator: "\n" + String(repeating: " ", count: width + 2)))
            }
        }
        return (lines + ["", "example:", "  \(example)"]).joined(separator: "\n")
    }
}

extension Option {
    static let set = Option(
        name: "--set", value: "PATH=VALUE",
        help:
            "override a field of the config, e.g. optimizer.adam.learning_rate=3e-4;\nlist elements by index: model.0.dense=128; may be repeated",
        isRepeated: true)
    static let json = Option(name: "--json", value: nil, help: "print the result as JSON on standard output")
    static let tokenFile = Option(
        name: "--token-file", value: "FILE", help: "the shared token; - is standard input")
    static let runDirectory = Option(
        name: "--run-dir", value: "DIR", help: "where the run is kept (default: runs/NAME-TIME)")
    static let resume = Option(
        name: "--resume", value: nil,
        help: "go on from the newest valid checkpoint of --run-dir, or of the newest run of that name")
    static let peerTimeout = Option(
        name: "--peer-timeout", value: "S", help: "seconds of silence that count as death (default 5)")
    static let snapshotInterval = Option(
        name: "--snapshot-interval", value: "S",
        help:
            "seconds at least between the snapshots in the coordinator's memory\nto which a death goes back (default 1)"
    )
    static let audit = Option(
        name: "--audit", value: "P",
        help:
            "in this fraction of the steps, 0 to 1, another worker computes everyone's\ngradients too; one whose bits differ is named and dismissed (0.1 costs about a tenth)"
    )
    static let trace = Option(
        name: "--trace", value: "FILE",
        help:
            "write what each worker did when, in the first 2,000 steps,\nfor https://ui.perfetto.dev or chrome://tracing"
    )
    static let plaintext = Option(
        name: "--plaintext", value: nil,
        help:
            "no TLS: whoever is on the network can read and change everything;\non both sides or on neither, and on trusted wires only"
    )
    static let allowInexact = Option(
        name: "--allow-inexact", value: nil,
        help: "let workers in whose arithmetic gives other bits; the result then says so")
}

enum Commands {
    static let all: [Command] = [
        run, coordinator, worker, validate, config, summary, plan, data, evaluate, predict, lrFind,
        checkpoint,
        benchStep, benchCollective,
        benchKernels, tokenShow, tokenRotate,
        doctor,
    ]

    /// Not for people.
    private static let hidden = [benchMember]

    /// The command that the words name, of two of them if it has two, and the words behind.
    static func find(_ words: [String]) throws -> (Command, [String]) {
        for count in [2, 1] where words.count >= count {
            let name = words.prefix(count).joined(separator: " ")
            if let command = (all + hidden).first(where: { $0.name == name }) {
                return (command, Array(words.dropFirst(count)))
            }
        }
        let family = family(words[0]).map(\.name)
        guard family.isEmpty else {
            guard words.count > 1, !words[1].hasPrefix("-") else {
                throw UsageError(
                    "`dist-train \(words[0])` needs a word more: \(family.joined(separator: ", "))")
            }
            let nearest = Suggestion.nearest(to: "\(words[0]) \(words[1])", among: family).map {
                "did you mean `\($0)`?"
            }
            throw UsageError(
                "there is no command `\(words[0]) \(words[1])`: \(nearest ?? "there are \(family.joined(separator: ", "))")"
            )
        }
        let nearest = Suggestion.nearest(to: words[0], among: all.map(\.name)).map { "did you mean `\($0)`?" }
        throw UsageError("there is no command `\(words[0])`: \(nearest ?? "see `dist-train --help`")")
    }

    /// The commands whose names begin with this word and have another.
    static func family(_ word: String) -> [Command] { all.filter { $0.name.hasPrefix(word + " ") } }

    static var help: String {
        let width = all.map { $0.name.count }.max() ?? 0
        let lines = all.map { command in
            "  \(command.name)\(String(repeating: " ", count: width - command.name.count + 3))\(command.summary.split(separator: "\n")[0])"
        }
        return """
            usage: dist-train COMMAND [arguments]

            Trains neural networks on the CPUs of one machine or of a LAN; the result is the same, bit for bit,
            whatever the number and speed of the workers.

            \(lines.joined(separator: "\n"))

            `dist-train COMMAND --help` explains each. An example that needs no download:
              dist-train run config/digits-mlp.json5 --workers 2
            """
    }
}
