import System
import TestSupport

/// The command lines of `dist-train`, and the variables whose names begin with `DIST_TRAIN_`, in a file of
/// `deploy` that other programs read.
///
/// - Scripts, units and Containerfiles: a command line is what stands behind a word `dist-train` or
///   `…/dist-train`, or behind a variable with such a value, if it begins with a lower-case word. It ends
///   with the line or before `|`, `&`, `;`, `<`, `>` or a parenthesis. A backslash continues a line.
/// - Manifests (`.yaml`): a command line is a list behind `command:`, `args:` or `test:`, without the name of
///   the program.
/// - A variable is replaced by the value that the file gives it, or by its default (`${NAME:-default}`), or
///   else by `1`, which is a valid host, path and number. A word that is nothing but a variable without
///   quotes or a list (`"$@"`) may stand for any number of words, and is left out, unless its value is known.
struct DeployedCommands {
    private(set) var commands: [[String]] = []
    /// A value is nil if another file has it.
    private(set) var variables: [(name: String, value: String?)] = []
    private var assigned: [String: String] = [:]

    init(text: String, isManifest: Bool) {
        let lines = Self.logicalLines(text)
        if isManifest {
            for words in ManifestLists(lines).all { add(words.map { ShellWord(text: $0, isQuoted: true) }) }
        } else {
            let lines = lines.map(ShellWord.split)
            for word in lines.joined() { assign(word.text) }
            for line in lines { addCommands(of: line[...]) }
        }
        addVariables(lines)
    }

    /// Lines without those that are comments as a whole, those that end with a backslash with the next one.
    private static func logicalLines(_ text: String) -> [String] {
        var lines: [String] = []
        var isContinued = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard isContinued || line.first(where: { $0 != " " }) != "#" else { continue }
            let part = line.hasSuffix("\\") ? line.dropLast() : line
            if isContinued { lines[lines.count - 1] += part } else { lines.append(String(part)) }
            isContinued = line.hasSuffix("\\")
        }
        return lines
    }

    // MARK: Commands

    /// The first value that the file gives a variable.
    private mutating func assign(_ word: String) {
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return }
        let name = word[..<equals]
        guard name.allSatisfy(Self.isOfName), assigned["\(name)"] == nil else { return }
        assigned["\(name)"] = expanded(String(word[word.index(after: equals)...]))
    }

    private mutating func addCommands(of line: ArraySlice<ShellWord>) {
        guard let program = line.firstIndex(where: isProgram) else { return }
        let rest = line[(program + 1)...]
        let end = rest.firstIndex(where: \.isOperator) ?? rest.endIndex
        if rest.first?.text.allSatisfy({ $0.isLowercase || $0 == "-" }) == true, rest.first?.isOption == false
        {
            add(Array(rest[..<end]))
        }
        addCommands(of: rest[end...])
    }

    private func isProgram(_ word: ShellWord) -> Bool {
        !word.isOperator && expanded(word.text).split(separator: "/").last == "dist-train"
    }

    private mutating func add(_ words: [ShellWord]) {
        var words = words.filter { !isOpen($0) }.map { expanded($0.text) }
        while let first = words.first, first == "CMD" || first.split(separator: "/").last == "dist-train" {
            words.removeFirst()
        }
        if !words.isEmpty { commands.append(words) }
    }

    /// Whether a word stands for any number of words.
    private func isOpen(_ word: ShellWord) -> Bool {
        if ["$@", "$*"].contains(word.text) || word.text.hasSuffix("[@]}") { return true }
        let name = word.text.dropFirst()
        let isVariable = word.text.hasPrefix("$") && !name.isEmpty && name.allSatisfy(Self.isOfName)
        return isVariable && !word.isQuoted && assigned["\(name)"] == nil
    }

    // MARK: Variables

    private static func isOfName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }

    /// The text with values for `$NAME`, `${NAME}`, `${NAME:-default}` and `$(…)`.
    private func expanded(_ text: String) -> String {
        var (result, rest) = ("", text[...])
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...].dropFirst()
            if rest.first == "{" || rest.first == "(" {
                let end = rest.firstIndex(of: rest.first == "{" ? "}" : ")") ?? rest.endIndex
                result += value(of: rest[..<end].dropFirst())
                rest = rest[end...].dropFirst()
            } else {
                let name = rest.prefix(while: Self.isOfName)
                result += value(of: name)
                rest = rest[name.endIndex...]
            }
        }
        return result + rest
    }

    private func value(of variable: Substring) -> String {
        let name = variable.prefix(while: Self.isOfName)
        let behind = variable[name.endIndex...]
        if let value = assigned["\(name)"] { return value }
        return behind.hasPrefix(":-") ? String(behind.dropFirst(2)) : "1"
    }

    private mutating func addVariables(_ lines: [String]) {
        for (number, line) in lines.enumerated() {
            var rest = line[...]
            while let start = rest.firstRange(of: "DIST_TRAIN_")?.lowerBound {
                let name = rest[start...].prefix(while: Self.isOfName)
                rest = rest[name.endIndex...]
                let next = number + 1 < lines.count ? lines[number + 1].drop { $0 == " " } : ""
                var value: Substring?
                if rest.first == "=" || rest.first == ":" { value = rest.dropFirst() }
                if rest.isEmpty, next.hasPrefix("value:") { value = next.dropFirst(6) }
                let bare = value?.filter { $0 != "\"" && $0 != "'" }.drop { $0 == " " }.prefix { $0 != " " }
                variables.append((String(name), bare.flatMap { $0.contains("$") ? nil : String($0) }))
            }
        }
    }
}

/// A word as a shell takes it, or an operator between commands.
struct ShellWord {
    var text: String
    var isQuoted = false
    var isOperator = false

    var isOption: Bool { text.hasPrefix("-") }

    /// Splits a line. A comment ends it; `$(…)` stays one word.
    static func split(_ line: String) -> [ShellWord] {
        var words: [ShellWord] = []
        var word: ShellWord?
        var quote: Character?
        var depth = 0
        func finish() {
            if let done = word { words.append(done) }
            word = nil
        }
        for character in line {
            let isSubstitution = character == "(" && word?.text.last == "$"
            if depth > 0 || isSubstitution {
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                word?.text.append(character)
            } else if character == quote {
                quote = nil
            } else if quote != nil {
                word?.text.append(character)
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ShellWord(text: "")
                word?.isQuoted = true
            } else if character == " " || character == "\t" {
                finish()
            } else if character == "#" && word == nil {
                return words
            } else if "|&;<>()".contains(character) {
                finish()
                words.append(ShellWord(text: String(character), isOperator: true))
            } else {
                word = ShellWord(
                    text: (word?.text ?? "") + String(character), isQuoted: word?.isQuoted ?? false)
            }
        }
        finish()
        return words
    }
}

/// The lists of words behind `command:`, `args:` and `test:` in a manifest, in brackets or one below the
/// other.
private struct ManifestLists {
    private(set) var all: [[String]] = []

    init(_ lines: [String]) {
        for (index, line) in lines.enumerated() {
            let trimmed = line.drop { $0 == " " || $0 == "-" }
            guard let key = ["command:", "args:", "test:"].first(where: trimmed.hasPrefix) else { continue }
            let value = trimmed.dropFirst(key.count).drop { $0 == " " }
            if value.hasPrefix("[") {
                let text = ([String(value)] + lines[(index + 1)...]).joined(separator: " ")
                all.append(text.dropFirst().prefix { $0 != "]" }.split(separator: ",").map(Self.scalar))
            } else if value.isEmpty || value.hasPrefix("#") {
                let items = lines[(index + 1)...].prefix { $0.drop { $0 == " " }.hasPrefix("- ") }
                all.append(items.map { Self.scalar($0.drop { $0 == " " }.dropFirst(2)) })
            }
        }
    }

    private static func scalar(_ text: Substring) -> String {
        let words = ShellWord.split(String(text))
        return words.first?.text ?? ""
    }
}
