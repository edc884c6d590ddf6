import Configuration
import Jobs

enum ConfigCommand {
    static let command = Command(
        name: "config", arguments: "[FIELD]",
        summary: """
            Explain the fields of a config.
            Without FIELD all of them, otherwise that field and those inside it.
            """,
        options: [
            Option(
                name: "--schema", value: nil,
                help: """
                    print a JSON Schema for editors: they complete and
                    check a config whose `$schema` names the file
                    """),
            Option(name: "--markdown", value: nil, help: "print the page config/README.md"),
        ],
        example: "dist-train config optimizer.adam", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        guard arguments.positionals.count <= 1 else {
            throw UsageError(
                "`dist-train config` takes one field, found also `\(arguments.positionals[1])`")
        }
        let options = ["--schema", "--markdown"].filter(arguments.has)
        guard options.count + arguments.positionals.count <= 1 else {
            throw UsageError("`dist-train config` takes a field, --schema or --markdown: only one of them")
        }
        switch options.first {
        case "--schema":
            print(JSONSchema.document(Job.form, title: "A job of dist-train").prettyJSON(), terminator: "")
        case "--markdown": print(ReferencePage.markdown, terminator: "")
        default: print(Reference.text(try entries(of: arguments.positionals.first)))
        }
        return 0
    }

    /// The fields at a path and inside it; those of that name anywhere, if the path is a name alone such as
    /// `learning_rate`; without a path all fields.
    private static func entries(of path: String?) throws -> [Reference.Entry] {
        let reference = Reference(Job.form)
        guard let path else { return reference.entries }
        let entries = reference.entries(under: path)
        guard entries.isEmpty else { return entries }
        let sameName = reference.entries.filter { $0.field.key == path }
        guard sameName.isEmpty else { return sameName }
        let nearest = Suggestion.nearest(to: path, among: reference.entries.map(\.path))
        let advice = nearest.map { "did you mean `\($0)`?" } ?? "see `dist-train config`"
        throw UsageError("a config has no field `\(path)`: \(advice)")
    }
}
