/// The header fields of a request, in their order. Names are kept in lower case, because case does not count.
package struct HTTPHeaders: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        /// In lower case.
        package let name: String
        package let value: String
    }

    package private(set) var fields: [Field] = []

    package init() {}

    /// Returns the value of the first field with this name, in any case; nil if there is none.
    package func first(_ name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name == name }?.value
    }

    /// - Parameter name: in lower case.
    mutating func append(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Replaces the fields with this name by one.
    ///
    /// - Parameter name: in lower case.
    mutating func set(_ name: String, _ value: String) {
        fields.removeAll { $0.name == name }
        append(name, value)
    }
}
