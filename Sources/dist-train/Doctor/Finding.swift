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
    /// What to do; nil if nothing is to be done.
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

    func lines(_ style: TerminalStyle) -> String {
        "\(style.painted(state.mark, .bold, state.color)) \(TextFormat.left(name, 14)) \(text)"
            + (cure.map { "\n    → \(style.painted($0, .bold))" } ?? "")
    }

    var value: ConfigValue {
        .object([
            ("name", .string(name)), ("state", .string(state.rawValue)), ("text", .string(text)),
            ("cure", cure.map { .string($0) } ?? .null),
        ])
    }
}
