import Configuration
import System
import Telemetry

/// One thing that `dist-train doctor` has looked at.
struct Finding {
    enum State: String {
        case good, warning, bad
        /// A fact without a judgement.
        case fact

        var mark: String {
            switch self {
            case .good: "✓"
            case .warning: "!"
            case .bad: "✗"
            case .fact: "·"
            }
        }

        var color: TerminalStyle.Paint {
            switch self {
            case .good: .green
            case .warning: .yellow
            case .bad: .red
            case .fact: .dim
            }
        }
    }

    let name: String
    let state: State
    let text: String
    /// The thing to do; nil if nothing is to be done.
    let cure: String?

    init(_ name: String, _ state: State, _ text: String, cure: String? = nil) {
        self.name = name
        self.state = state
        self.text = text
        self.cure = cure
    }

    /// A finding that is good if `isGood`, and otherwise bad with a cure.
    init(_ name: String, _ isGood: Bool, _ text: String, cure: String) {
        self.init(name, isGood ? .good : .bad, text, cure: isGood ? nil : cure)
    }

    /// A failure, as a sentence with its cure behind a semicolon.
    init(_ name: String, failure sentence: String) {
        let parts = sentence.split(separator: ";", maxSplits: 1).map(String.init)
        self.init(name, .bad, parts[0], cure: parts.count > 1 ? String(parts[1].dropFirst()) : nil)
    }

    /// - Parameter width: the columns of the terminal; nil: there is none.
    func lines(_ style: TerminalStyle, width: Int?) -> String {
        let plain = "\(state.mark) \(TextFormat.left(name, 14)) \(text)"
        let fitted = LogFormat.fitted(plain, width: width, margin: 17)
        let cure = cure.map { "\n    → \(style.painted($0, .bold))" } ?? ""
        return style.painted(state.mark, .bold, state.color) + fitted.dropFirst(state.mark.count) + cure
    }

    var value: ConfigValue {
        .object([
            ("name", .string(name)), ("state", .string(state.rawValue)), ("text", .string(text)),
            ("cure", cure.map { .string($0) } ?? .null),
        ])
    }
}
