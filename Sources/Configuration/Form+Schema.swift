/// Makes a JSON Schema (https://json-schema.org/draft/2020-12) of a form, for editors.
package struct JSONSchema {
    /// Forms with a name, each written once, under `$defs`.
    private var definitions: [(String, ConfigValue)] = []

    /// The schema of a whole document.
    package static func document(_ form: Form, title: String) -> ConfigValue {
        var schema = JSONSchema()
        let body = schema.schema(form)
        return .object(
            [("$schema", "https://json-schema.org/draft/2020-12/schema"), ("title", .string(title))]
                + (body.members ?? []).map { ($0.key, $0.value) } + [("$defs", .object(schema.definitions))])
    }

    private mutating func schema(_ form: Form) -> ConfigValue {
        switch form {
        case .any: [:]
        case .bool: ["type": "boolean"]
        case .integer(let least, let most):
            .object(
                [("type", "integer")] + (least.map { [("minimum", .int($0))] } ?? [])
                    + (most.map { [("maximum", .int($0))] } ?? []))
        case .unsigned: ["type": "integer", "minimum": 0, "maximum": .unsigned(UInt64.max)]
        case .number(let interval): .object([("type", "number")] + interval.bounds)
        case .string: ["type": "string"]
        case .nonEmptyString, .path: ["type": "string", "minLength": 1]
        case .words(let words): ["enum": .array(words.map { .string($0) })]
        case .list(let element, let count):
            .object(
                [("type", "array"), ("items", schema(element))]
                    + (count.lowerBound > 0 ? [("minItems", .int(count.lowerBound))] : [])
                    + (count.upperBound < Int.max ? [("maxItems", .int(count.upperBound))] : []))
        case .table(let element): ["type": "object", "additionalProperties": schema(element)]
        case .object(let object): schema(object)
        case .variant(_, let words, let object): words.isEmpty ? schema(object) : anyOf(form.alternatives)
        case .either: anyOf(form.alternatives)
        case .named(let name, _, let form): reference(name, form)
        case .special(_, let schema, _): schema
        }
    }

    private mutating func anyOf(_ forms: [Form]) -> ConfigValue {
        .object(["anyOf": .array(forms.map { schema($0) })])
    }

    private mutating func reference(_ name: String, _ form: () -> Form) -> ConfigValue {
        if !definitions.contains(where: { $0.0 == name }) {
            // Known before it is made, because it may contain itself.
            let index = definitions.count
            definitions.append((name, [:]))
            definitions[index].1 = schema(form())
        }
        return ["$ref": .string("#/$defs/\(name)")]
    }

    private mutating func schema(_ object: ObjectForm) -> ConfigValue {
        var members: [(String, ConfigValue)] = object.summary.map { [("description", .string($0))] } ?? []
        members.append(("type", "object"))
        members.append(("properties", .object(object.fields.map { ($0.key, property($0)) })))
        let required = object.fields.filter(\.isRequired).map { ConfigValue.string($0.key) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        if !object.isOpen { members.append(("additionalProperties", false)) }
        if !object.choices.isEmpty {
            let one = object.choices.map { ConfigValue.object([("required", .array([.string($0)]))]) }
            members.append(("oneOf", .array(one)))
        }
        return .object(members)
    }

    /// A field that may be absent may also be null.
    private mutating func property(_ field: FieldForm) -> ConfigValue {
        let value = schema(field.form)
        var members: [(String, ConfigValue)] = [("description", .string(field.sentence))]
        if let usual = field.value { members.append(("default", usual)) }
        let mayBeNull = !field.isRequired && field.choice == nil && value.members?.isEmpty == false
        if mayBeNull {
            members.append(("anyOf", [value, ["type": "null"]]))
        } else {
            members += (value.members ?? []).map { ($0.key, $0.value) }
        }
        return .object(members)
    }
}

extension Interval {
    fileprivate var bounds: [(String, ConfigValue)] {
        var bounds: [(String, ConfigValue)] = []
        if lower.isFinite {
            bounds.append((includesLower ? "minimum" : "exclusiveMinimum", .number(lower)))
        }
        if upper.isFinite {
            bounds.append((includesUpper ? "maximum" : "exclusiveMaximum", .number(upper)))
        }
        return bounds
    }
}
