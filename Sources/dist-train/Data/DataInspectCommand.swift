import Configuration
import Datasets
import Jobs
import System

enum DataInspectCommand {
    static let command = Command(
        name: "data inspect", arguments: "SOURCE|CONFIG",
        summary: """
            Show what data hold: columns, classes, equal rows.
            SOURCE is a CSV file, an image folder, an .npy file, builtin:digits, or a source as in a config: \
            '{csv: {path: "x.csv", target: "y"}}'. Of a CONFIG (a .json5 or .json file) all sets are read, \
            and what they have in common is counted. The exit status is 1 if a training would end with an \
            error.
            """,
        options: [.set, .json], example: "dist-train data inspect flowers.csv", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let name = try arguments.only("a file, a source or a config file")
        let inspection: DataInspection
        if isConfig(name) {
            let file = try JobFile.load(path: name, overrides: arguments.overrides)
            inspection = try DataInspection(file.job)
        } else {
            inspection = try DataInspection(try source(name))
        }
        print(arguments.has("--json") ? inspection.json.prettyJSON() : inspection.text)
        return inspection.faults.isEmpty ? 0 : 1
    }

    private static func isConfig(_ name: String) -> Bool {
        name.first != "{" && (name.hasSuffix(".json5") || name.hasSuffix(".json"))
    }

    /// The source that an argument names, a file by its name and its first line.
    private static func source(_ name: String) throws -> DataSpec.Source {
        if name.first == "{" { return try DataSpec.Source(parsing: name) }
        if name == "builtin:digits" { return .digits }
        guard File.exists(name) else {
            throw UsageError(
                "there is no `\(name)`; give a file, a directory of images, builtin:digits, or a source such"
                    + " as '{csv: {path: \"FILE\"}}'")
        }
        if Directory.isDirectory(name) { return .imageFolder(ImageFolder(path: name)) }
        if [".npy", ".npy.gz"].contains(where: { name.lowercased().hasSuffix($0) }) {
            return .npy(DataSpec.NPYFiles(features: name))
        }
        let format = CSVFormat(delimiter: try TableReport.guessedDelimiter(of: name))
        return .csv(path: name, format, TableRules(missingCells: .mean))
    }
}
