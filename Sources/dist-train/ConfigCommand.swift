import Configuration
import Jobs

extension Commands {
    static let config = Command(
        name: "config", arguments: "[FIELD]",
        summary: """
            Explain the fields of a config.
            Without FIELD all of them, otherwise that field and those inside it.
            """,
        options: [
            Option(
                name: "--schema", value: nil,
                help:
                    "print a JSON Schema for editors: they complete and\ncheck a config whose `$schema` names the file"
            ),
            Option(
                name: "--markdown", value: nil, help: "print the page config/README.md"),
        ], example: "dist-train config optimizer.adam"
    ) { arguments in
        guard arguments.positionals.count <= 1 else {
            throw UsageError(
                "`dist-train config` takes one field, found also `\(arguments.positionals[1])`")
        }
        let options = ["--schema", "--markdown"].filter(arguments.has)
        guard options.count + arguments.positionals.count <= 1 else {
            throw UsageError(
                "`dist-train config` takes a field, --schema or --markdown: only one of them")
        }
        switch options.first {
        case "--schema":
            print(JSONSchema.document(Job.form, title: "A job of dist-train").prettyJSON(), terminator: "")
        case "--markdown": print(ReferencePage.markdown, terminator: "")
        default: print(Reference.text(try entries(arguments.positionals.first)))
        }
        return 0
    }

    private static func entries(_ path: String?) throws -> [Reference.Entry] {
        let reference = Reference(Job.form)
        guard let path else { return reference.entries }
        let entries = reference.entries(under: path)
        guard entries.isEmpty else { return entries }
        let paths = reference.entries.map(\.path)
        let nearest = Suggestion.nearest(to: path, among: paths)
        // `learning_rate` alone means every field of that name.
        let same = reference.entries.filter { $0.field.key == path }
        guard same.isEmpty else { return same }
        throw UsageError(
            "a config has no field `\(path)`: "
                + (nearest.map { "did you mean `\($0)`?" } ?? "see `dist-train config`"))
    }
}
