/// A value of a configuration, with its position in the text.
package struct ConfigValue: Sendable {
    package enum Kind: Sendable {
        case null
        case bool(Bool)
        case number(ConfigNumber)
        case string(String)
        case array([ConfigValue])
        /// Members in the order in which they were written; keys are unique.
        case object([ConfigMember])
    }

    package var kind: Kind
    /// The position of the value's text; nil for values made by the program.
    package var range: SourceRange?
    package var path: ConfigPath

    package init(_ kind: Kind, range: SourceRange? = nil, path: ConfigPath = .root) {
        self.kind = kind
        self.range = range
        self.path = path
    }

    /// The members of an object; nil for any other value.
    package var members: [ConfigMember]? {
        if case .object(let members) = kind { members } else { nil }
    }

    /// The elements of an array; nil for any other value.
    package var elements: [ConfigValue]? {
        if case .array(let elements) = kind { elements } else { nil }
    }

    package var isNull: Bool {
        if case .null = kind { true } else { false }
    }

    /// The value under a key of an object.
    package subscript(key: String) -> ConfigValue? {
        members?.first { $0.key == key }?.value
    }

    /// The name of the value in a sentence: `the string "five"`, `an object`, `1.5`.
    package var summary: String {
        switch kind {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let number): ForPeople.printable(number.literal, limit: 40)
        case .string(let text): "the string \(ForPeople.quoted(text))"
        case .array(let elements): elements.isEmpty ? "an empty list" : "a list of \(elements.count)"
        case .object(let members): members.isEmpty ? "an empty object" : "an object"
        }
    }

    /// A copy of the value with the paths that it has when it stands at `path`.
    package func placed(at path: ConfigPath) -> ConfigValue {
        var copy = self
        copy.path = path
        switch kind {
        case .array(let elements):
            copy.kind = .array(elements.enumerated().map { $1.placed(at: path.appending($0)) })
        case .object(let members):
            copy.kind = .object(
                members.map {
                    ConfigMember(
                        key: $0.key, keyRange: $0.keyRange, value: $0.value.placed(at: path.appending($0.key))
                    )
                })
        default: break
        }
        return copy
    }
}

/// A key of an object, with its value.
package struct ConfigMember: Sendable {
    package var key: String
    /// The position of the key's text; nil for members made by the program.
    package var keyRange: SourceRange?
    package var value: ConfigValue

    package init(key: String, keyRange: SourceRange? = nil, value: ConfigValue) {
        self.key = key
        self.keyRange = keyRange
        self.value = value
    }
}

/// Two values are equal if they have the same content. Positions, the spelling of numbers and the order of
/// members do not count.
extension ConfigValue: Equatable {
    package static func == (left: ConfigValue, right: ConfigValue) -> Bool {
        switch (left.kind, right.kind) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): haveSameMembers(a, b)
        default: false
        }
    }

    private static func haveSameMembers(_ left: [ConfigMember], _ right: [ConfigMember]) -> Bool {
        guard left.count == right.count else { return false }
        let byKey = Dictionary(right.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return left.allSatisfy { byKey[$0.key] == $0.value }
    }
}
