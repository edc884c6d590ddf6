import Configuration
import System

// The form that the page's script draws (see `deploy/README.md`).
extension Plot {
    package var value: ConfigValue {
        .members(
            [
                ("kind", .string(content.kind)), ("section", .string(section.rawValue)),
                ("title", .string(title)), ("note", note.map { .string($0) } ?? .null), ("alt", .string(alt)),
            ] + content.members)
    }
}

extension Plot.Content {
    fileprivate var kind: String {
        switch self {
        case .confusion: "confusion"
        case .lines: "lines"
        case .scatter: "scatter"
        case .histogram: "histogram"
        case .table: "table"
        case .images: "images"
        case .text: "text"
        }
    }

    fileprivate var members: [(String, ConfigValue)] {
        switch self {
        case .confusion(let classes, let counts):
            [
                ("classes", .list(classes.map { .string($0) })),
                ("counts", .list(counts.map { .list($0.map { .int($0) }) })),
            ]
        case .lines(let x, let y, let series, let diagonal):
            [
                ("x", x.value), ("y", y.value),
                ("series", .list(series.map { .members($0.points + [("draw", .string($0.draw.rawValue))]) })),
                ("diagonal", .bool(diagonal)),
            ]
        case .scatter(let x, let y, let groups, let diagonal):
            [
                ("x", x.value), ("y", y.value), ("groups", .list(groups.map { .members($0.points) })),
                ("diagonal", .bool(diagonal)),
            ]
        case .histogram(let x, let edges, let counts):
            [("x", x.value), ("edges", .numbers(edges)), ("counts", .list(counts.map { .int($0) }))]
        case .table(let columns, let rows):
            [
                ("columns", .list(columns.map(\.value))),
                ("rows", .list(rows.map { .list($0.map(\.value)) })),
            ]
        case .images(let pictures): [("items", .list(pictures.map(\.value)))]
        case .text(let text): [("text", .string(text))]
        }
    }
}

extension Plot.Axis {
    fileprivate var value: ConfigValue {
        .members([
            ("label", .string(label)), ("unit", .string(unit)), ("min", .finite(least)),
            ("max", .finite(greatest)),
        ])
    }
}

extension Plot.Series {
    fileprivate var points: [(String, ConfigValue)] {
        [("name", .string(name)), ("x", .numbers(x)), ("y", .numbers(y))]
    }
}

extension Plot.Column {
    fileprivate var value: ConfigValue {
        .members([
            ("name", .string(name)), ("align", .string(isNumber ? "right" : "left")), ("unit", .string(unit)),
        ])
    }
}

extension Plot.Cell {
    fileprivate var value: ConfigValue {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .finite(number)
        case .none: .null
        }
    }
}

extension Plot.Picture {
    fileprivate var value: ConfigValue {
        .members([
            ("src", .string("data:image/png;base64," + Base64.encode(png))), ("caption", .string(caption)),
            ("alt", .string(alt)),
        ])
    }
}

// Values without paths: a plot has many numbers, and nobody reports a mistake in them.
extension ConfigValue {
    static func members(_ members: [(String, ConfigValue)]) -> ConfigValue {
        ConfigValue(.object(members.map { ConfigMember(key: $0, value: $1) }))
    }

    static func list(_ elements: [ConfigValue]) -> ConfigValue { ConfigValue(.array(elements)) }

    static func numbers(_ values: [Double]) -> ConfigValue { .list(values.map { .finite($0) }) }

    /// A number, or null for what JSON does not have.
    static func finite(_ value: Double?) -> ConfigValue {
        guard let value, value.isFinite else { return .null }
        // Whole numbers need no point.
        return value == value.rounded() && value.magnitude < 1e15 ? .int(Int(value)) : .number(value)
    }
}
