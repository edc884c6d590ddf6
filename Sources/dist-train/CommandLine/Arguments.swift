import Configuration

/// The words behind a command, sorted into options and positional arguments.
///
/// ```swift
/// let arguments = try Arguments(["job.json5", "--workers", "2"], options: command.options, command: "run")
/// arguments.positionals                         // ["job.json5"]
/// try arguments.integer("--workers", 1...1024)  // 2
/// ```
package struct Arguments: Sendable {
    /// The command's name, for messages.
    let command: String
    package private(set) var positionals: [String] = []
    /// Whether the command has options.
    private let hasOptions: Bool
    private let words: [String]
    private var values: [String: [String]] = [:]

    /// Accepts `--name value`, `--name=value`, flags, and `--` before words that begin with a dash.
    /// - Throws: `UsageError` if a word is not one that the options allow.
    package init(_ words: [String], options: [Option], command: String) throws {
        self.words = words
        self.command = command
        hasOptions = !options.isEmpty
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                addPositional(word, options)
                continue
            }
            let (name, attached) = Self.split(word)
            guard let option = options.first(where: { $0.name == name || $0.aliases.contains(name) }) else {
                throw Self.unknown(name, options, command)
            }
            try add(option, try Self.value(of: option, attached: attached, rest: &rest))
        }
    }

    /// Behind the first positional argument, the config, `path=value` is the same as `--set path=value`.
    private mutating func addPositional(_ word: String, _ options: [Option]) {
        let path = word.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        let isSetting =
            positionals.count == 1 && word.dropFirst(path.count).first == "="
            && path.first?.isLetter == true && options.contains { $0.name == Option.set.name }
        if isSetting {
            values[Option.set.name, default: []].append(word)
        } else {
            positionals.append(word)
        }
    }

    /// Splits `--name=value`.
    private static func split(_ word: String) -> (name: String, value: String?) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        return (parts[0], parts.count == 2 ? parts[1] : nil)
    }

    /// The value of an option, which is `attached` to its name or the next word; empty for a flag, and for an
    /// optional value that is left out. One of those that is the next word is a whole number.
    private static func value(of option: Option, attached: String?, rest: inout ArraySlice<String>) throws
        -> String
    {
        guard let valueName = option.value else {
            guard attached == nil else {
                throw UsageError("\(option.name) takes no value: write only \(option.name)")
            }
            return ""
        }
        if option.isAttached { return attached ?? "" }
        if valueName.hasPrefix("[") {
            let isNumber = rest.first.map { !$0.isEmpty && $0.allSatisfy(\.isNumber) } ?? false
            return attached ?? (isNumber ? rest.popFirst() : nil) ?? ""
        }
        guard let value = attached ?? rest.popFirst() else {
            throw UsageError("\(option.name) needs a value: \(option.name) \(valueName)")
        }
        return value
    }

    private mutating func add(_ option: Option, _ value: String) throws {
        guard option.isAttached || option.isRepeated || values[option.name] == nil else {
            throw UsageError("\(option.name) is given twice: keep one of them")
        }
        values[option.name, default: []].append(value)
    }

    private static func unknown(_ name: String, _ options: [Option], _ command: String) -> UsageError {
        let names = options.flatMap { [$0.name] + $0.aliases }
        let nearest = CommandWords.option(name, among: names).map { "did you mean \($0)?" }
        let advice = nearest ?? "see `dist-train \(command) --help`"
        return UsageError("`dist-train \(command)` has no option \(name): \(advice)")
    }

    /// The words as they were given, without these options (name → whether it has a value).
    package func words(without dropped: [String: Bool]) -> [String] {
        var kept: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard let hasValue = dropped[Self.split(word).name] else {
                kept.append(word)
                continue
            }
            if hasValue && !word.contains("=") { rest = rest.dropFirst() }
        }
        return kept
    }

    // MARK: Options

    package func has(_ name: String) -> Bool { values[name] != nil }
    package func string(_ name: String) -> String? { values[name]?.last }
    package func all(_ name: String) -> [String] { values[name] ?? [] }

    /// The fields that the command line sets in the config, each as `path=value`: `--set` in its order, then
    /// the options for single fields.
    package var overrides: [String] {
        all(Option.set.name)
            + Option.fields.compactMap { field in string(field.option.name).map { "\(field.path)=\($0)" } }
            + (has(Option.tensorboard.name) ? ["logging.tensorboard=true"] : [])
    }

    // MARK: Positional arguments

    /// Returns the one positional argument.
    /// - Parameter what: its meaning for messages, such as "a config file".
    /// - Throws: `UsageError` if there is none, or more than one.
    package func only(_ what: String) throws -> String {
        guard let first = positionals.first else {
            throw UsageError("`dist-train \(command)` needs \(what): see `dist-train \(command) --help`")
        }
        guard positionals.count == 1 else {
            throw UsageError(
                "`dist-train \(command)` takes \(what) and options, found also `\(positionals[1])`")
        }
        return first
    }

    /// Throws `UsageError` if there are positional arguments.
    package func requireNoPositionals() throws {
        if let extra = positionals.first {
            let allowed = hasOptions ? "options only" : "no arguments"
            throw UsageError("`dist-train \(command)` takes \(allowed), found `\(extra)`")
        }
    }
}
