import Configuration
import Datasets
import Jobs
import Reports
import System

enum DataInspectCommand {
    static let command = Command(
        name: "data inspect", arguments: "SOURCE|CONFIG",
        summary: """
            Show what data hold: columns, classes, equal samples.
            SOURCE is a CSV file, a directory of images, of arrays or of MNIST's or CIFAR's files, an .npy \
            file, builtin:wine, or a source as in a config: '{csv: {path: "x.csv", target: "y"}}'. Of a \
            CONFIG (a .json5 or .json file) all sets are read. Shown are samples, types of columns, missing \
            cells, classes, ranges and outliers, sizes and conversions of images, files that are not read, \
            and samples that are equal, also between sets. The exit status is 1 if a training would end with \
            an error.
            """,
        options: [.set, .json], example: "dist-train data inspect flowers.csv", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let name = try arguments.only("a file, a source or a config file")
        let inspection: DataInspection
        if isConfig(name) {
            let file = try JobFile.load(path: name, overrides: arguments.overrides)
            inspection = try DataInspection(file.job)
        } else {
            inspection = try DataInspection(data(name), task: nil)
        }
        print(arguments.has("--json") ? inspection.json.prettyJSON() : inspection.text)
        return inspection.faults.isEmpty ? 0 : 1
    }

    private static func isConfig(_ name: String) -> Bool {
        name.first != "{" && (name.hasSuffix(".json5") || name.hasSuffix(".json"))
    }

    /// The sets that an argument names, found by the names of files and their first lines.
    private static func data(_ name: String) throws -> DataSpec {
        if name.first == "{" { return DataSpec(train: try DataSpec.Source(parsing: name)) }
        if let set = EmbeddedDataset(word: name) { return DataSpec(train: .builtin(set)) }
        guard File.exists(name) else {
            throw UsageError(
                "there is no `\(name)`; give a file, a directory of images, builtin:digits, or a source such"
                    + " as '{csv: {path: \"FILE\"}}'")
        }
        if Directory.isDirectory(name) { return try directory(name) }
        if [".npy", ".npy.gz"].contains(where: { name.lowercased().hasSuffix($0) }) {
            let targets = InitSource.targets(of: name)
            return DataSpec(train: .npy(DataSpec.NPYFiles(features: name, targets: targets)))
        }
        return DataSpec(
            train: .csv(path: name, try CSVFormat(findingIn: name), TableRules(missingCells: .mean)))
    }

    /// The sets of a directory, as `init` finds them.
    private static func directory(_ path: String) throws -> DataSpec {
        let found = try InitSource(path, target: nil, test: nil)
        func source(_ text: String?) throws -> DataSpec.Source? {
            guard let text else { return nil }
            let source = try DataSpec.Source(parsing: text)
            guard case .imageFolder(var folder) = source else { return source }
            // The sizes are part of the findings, not yet an error.
            folder.size = ImageFolder.Size(height: 1, width: 1)
            return .imageFolder(folder)
        }
        return DataSpec(
            train: try source(found.train) ?? .digits, validation: try source(found.validation),
            test: try source(found.test))
    }
}
