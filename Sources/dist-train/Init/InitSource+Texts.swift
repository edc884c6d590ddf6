import System

// Texts as data.
extension InitSource {
    /// - Parameters:
    ///   - test: the file or the directory of a test set; nil: none.
    ///   - input: the file for `predict --input`; nil: the model continues texts.
    static func texts(_ draft: TextDraft, _ test: String?, input: String? = nil) -> InitSource {
        var source = InitSource(train: draft.source(), input: input)
        source.text = draft
        source.test = test.map { "{text: {path: \(quoted($0))}}" }
        return source
    }

    /// Texts of a file, or of a directory, that is no table.
    /// - Throws: `UsageError` if a target is named.
    static func texts(_ draft: TextDraft, _ path: String, _ target: String?, _ test: String?) throws
        -> InitSource
    {
        guard target == nil else {
            throw UsageError("--target names a column of a table, and `\(path)` is none: leave it out")
        }
        return texts(draft, test)
    }

    /// A directory of texts; nil if there are none.
    /// - Throws: `UsageError` if a target is named.
    static func texts(_ path: String, _ names: [String], _ target: String?, _ test: String?) throws
        -> InitSource?
    {
        guard names.contains(where: { $0.hasSuffix(".txt") }) else { return nil }
        return try texts(TextDraft(text: path), path, target, test)
    }
}
