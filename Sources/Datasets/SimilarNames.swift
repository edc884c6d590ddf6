/// Names that look equal to a reader and are different.
enum SimilarNames {
    /// The first name that looks like an earlier one, behind that one.
    static func first(in names: [String]) -> (String, String)? {
        // Strings are compared by canonical equivalence, which makes one of the spellings of Unicode.
        var known: [String: String] = [:]
        for name in names {
            let visible = String(
                String.UnicodeScalarView(
                    name.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }))
            let folded = visible.lowercased().split { $0.isWhitespace }.joined(separator: " ")
            if let other = known[folded] { return (other, name) }
            known[folded] = name
        }
        return nil
    }

    /// Says that two names of `place` look equal and are different `things`.
    static func note(_ a: String, _ b: String, of place: String, as things: String) -> DataNote {
        DataNote(
            "similar_names",
            "\(place) has both `\(a)` and `\(b)`"
                + (a == b ? ", in two spellings of Unicode (composed and decomposed)" : "")
                + ", which count as different \(things)",
            cure: "write them in one way if they mean the same")
    }

    /// The addition to the sentence that a name is not known: that another spelling of it is.
    static func hint(_ name: String, among known: [String]) -> String {
        known.contains(name) ? ", but have it in another spelling of Unicode (composed or decomposed)" : ""
    }
}
