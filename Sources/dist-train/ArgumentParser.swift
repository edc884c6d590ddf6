import Configuration

/// A command line that cannot be followed; ends with status 64.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// An option of a command: `--workers N`, or a flag without a value.
struct Option: Sendable {
    let name: String
    /// How the help names the value; nil for a flag.
    let value: String?
    let help: String
    var isRepeated = false
}

/// The words behind a command, sorted into options and positional arguments.
struct Arguments {
    private(set) var positionals: [String] = []
    private let words: [String]
    private var values: [String: [String]] = [:]

    /// Accepts `--name value`, `--name=value`, flags, and `--` before words that begin with a dash.
    init(_ words: [String], options: [Option], command: String) throws {
        self.words = words
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                positionals.append(word)
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                throw Self.unknown(name, options, command)
            }
            if option.value == nil {
                guard parts.count == 1 else { throw UsageError("\(name) takes no value: write only \(name)") }
                values[name, default: []].append("")
                continue
            }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                throw UsageError("\(name) needs a value: \(name) \(option.value ?? "")")
            }
            guard option.isRepeated || values[name] == nil else {
                throw UsageError("\(name) is given twice: keep one of them")
            }
            values[name, default: []].append(value)
        }
    }

    private static func unknown(_ name: String, _ options: [Option], _ command: String) -> UsageError {
        let nearest = Suggestion.nearest(to: name, among: options.map(\.name)).map { "did you mean \($0)?" }
        return UsageError(
            "`dist-train \(command)` has no option \(name): \(nearest ?? "see `dist-train \(command) --help`")"
        )
    }

    /// The words as they were given, without these options (name → whether it has a value).
    func words(without dropped: [String: Bool]) -> [String] {
        var kept: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard let hasValue = dropped[String(word.prefix { $0 != "=" })] else {
                kept.append(word)
                continue
            }
            if hasValue && !word.contains("=") { rest = rest.dropFirst() }
        }
        return kept
    }

    func has(_ name: String) -> Bool { values[name] != nil }
    func string(_ name: String) -> String? { values[name]?.last }
    func all(_ name: String) -> [String] { values[name] ?? [] }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw UsageError(
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), found `\(text)`"
            )
        }
        return value
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        guard let text = string(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw UsageError(
                "\(name) must be a number from \(range.lowerBound) to \(range.upperBound), found `\(text)`")
        }
        return value
    }

    func seconds(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        guard let text = string(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw UsageError(
                "\(name) must be a number of seconds from \(range.lowerBound) to \(range.upperBound), found `\(text)`"
            )
        }
        return value
    }

    /// The one positional argument.
    func only(_ what: String, _ command: String) throws -> String {
        guard let first = positionals.first else {
            throw UsageError("`dist-train \(command)` needs \(what): see `dist-train \(command) --help`")
        }
        guard positionals.count == 1 else {
            throw UsageError(
                "`dist-train \(command)` takes \(what) and options, found also `\(positionals[1])`")
        }
        return first
    }
}
