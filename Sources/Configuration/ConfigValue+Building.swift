/// Values that the program makes: `["step": 12, "loss": .number(loss), "shape": [64, 10]]`. They have no
/// positions.
extension ConfigValue {
    package static var null: ConfigValue { ConfigValue(.null) }

    package static func bool(_ value: Bool) -> ConfigValue { ConfigValue(.bool(value)) }

    package static func int(_ value: Int) -> ConfigValue { ConfigValue(.number(ConfigNumber(value))) }

    package static func unsigned(_ value: UInt64) -> ConfigValue { ConfigValue(.number(ConfigNumber(value))) }

    package static func number(_ value: Double) -> ConfigValue { ConfigValue(.number(ConfigNumber(value))) }

    /// A number with the few digits that tell a float from its neighbours.
    package static func number(_ value: Float) -> ConfigValue { ConfigValue(.number(ConfigNumber(value))) }

    package static func string(_ value: String) -> ConfigValue { ConfigValue(.string(value)) }

    package static func array(_ elements: [ConfigValue]) -> ConfigValue {
        ConfigValue(.array(elements)).placed(at: .root)
    }

    /// An object with its members in the given order. The keys must differ.
    package static func object(_ members: [(String, ConfigValue)]) -> ConfigValue {
        precondition(Set(members.map(\.0)).count == members.count, "the keys of an object must differ")
        return ConfigValue(.object(members.map { ConfigMember(key: $0, value: $1) })).placed(at: .root)
    }

    package static func object(_ members: KeyValuePairs<String, ConfigValue>) -> ConfigValue {
        object(members.map { ($0.key, $0.value) })
    }
}

extension ConfigValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }

    package init(booleanLiteral value: Bool) { self = .bool(value) }

    package init(integerLiteral value: Int) { self = .int(value) }

    package init(floatLiteral value: Double) { self = .number(value) }

    package init(stringLiteral value: String) { self = .string(value) }

    package init(arrayLiteral elements: ConfigValue...) { self = .array(elements) }

    package init(dictionaryLiteral members: (String, ConfigValue)...) { self = .object(members) }
}
