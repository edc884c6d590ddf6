import Configuration
import Datasets
import System

enum TokenizerShowCommand {
    static let command = Command(
        name: "tokenizer show", arguments: "FILE",
        summary: """
            Look at a tokenizer, and at the tokens of a text.
            FILE is a tokenizer.json, GPT-2's vocab.json with merges.txt beside it, or their directory.
            """,
        options: [
            Option(name: "--text", value: "TEXT", help: "show the tokens of this text, a line each"), .json,
        ],
        example: "dist-train tokenizer show tokenizer.json --text \"To be, or not to be\"", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("the file or directory of a tokenizer")
        let tokenizer = try Tokenizer(path: path)
        let ids = try arguments.string("--text").map { try tokenizer.encode($0, addsTemplate: true) }
        if arguments.has("--json") {
            print(json(tokenizer, ids).compactJSON())
            return 0
        }
        print("\(path): \(tokenizer.kind.rawValue), \(TextFormat.grouped(tokenizer.vocabularySize)) tokens")
        if let end = tokenizer.endOfText { print("end of a document: \(end) \(tokenizer.text(of: end))") }
        for id in ids ?? [] { print("\(id)\t\(visible(tokenizer.text(of: id)))") }
        if let ids { print(TextFormat.count(ids.count, "token")) }
        return 0
    }

    private static func json(_ tokenizer: Tokenizer, _ ids: [Int32]?) -> ConfigValue {
        var members: [(String, ConfigValue)] = [
            ("kind", .string(tokenizer.kind.rawValue)), ("vocabulary", .int(tokenizer.vocabularySize)),
            ("end", tokenizer.endOfText.map { .int(Int($0)) } ?? .null),
            ("sha256", .string(TextFormat.hex(tokenizer.hash))),
        ]
        if let ids {
            members.append(("ids", .array(ids.map { .int(Int($0)) })))
            members.append(("tokens", .array(ids.map { .string(tokenizer.text(of: $0)) })))
        }
        return .object(members)
    }

    /// A token on one line: control characters as escapes.
    private static func visible(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7F {
                shown += scalar.escaped(asASCII: true)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}
