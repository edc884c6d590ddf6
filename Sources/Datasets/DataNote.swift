/// A remark about data that were read: what is unusual about them, or what the reader did with them.
///
/// Data that cannot be used are an error. A note is for data that are used and may not be what the user
/// believes; nothing of this sort happens in silence. For example:
///
///     DataNote("row_number", "column `id` of `a.csv` counts the rows", cure: "ignore: [\"id\"]")
package struct DataNote: Equatable, Sendable {
    /// A stable name in snake_case, for programs.
    package let kind: String
    /// A sentence without its full stop: what, and where.
    package let text: String
    /// The cure, with the config's line; nil where nothing is wrong.
    package let cure: String?

    package init(_ kind: String, _ text: String, cure: String? = nil) {
        self.kind = kind
        self.text = text
        self.cure = cure
    }

    /// The remark that there is nothing to learn.
    static func constantTarget(_ place: String, _ value: String) -> DataNote {
        DataNote(
            "constant_target",
            "\(place) has the same target, `\(value)`, for every sample, so that there is nothing to learn",
            cure: "check the labels, and whether rows are lacking")
    }

    /// The sentence for people.
    package var sentence: String { cure.map { "\(text); \($0)" } ?? text }

    /// The sentence with a word that says how serious it is.
    package var line: String { "\(cure == nil ? "note" : "warning"): \(sentence)" }
}
