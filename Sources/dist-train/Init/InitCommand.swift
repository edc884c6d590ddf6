import Configuration
import Datasets
import Jobs
import Platform
import System
import Telemetry
import Training

enum InitCommand {
    static let command = Command(
        name: "init", arguments: "DATA",
        summary: """
            Write a first config for a table, images, texts or arrays.
            DATA is a CSV file (a column may hold texts), a directory with a subdirectory of images for each \
            class, a text, a directory of texts, JSON lines, an NPY file, or the directory of MNIST's or \
            CIFAR's files.
            The config has a model that suits the data, sets for validation and testing, early stopping and \
            the best checkpoint. No file is overwritten.
            """,
        options: [
            Option(
                name: "--target", value: "NAME",
                help: """
                    the column to predict (default: one called target, label, class, y, species, …,
                    or else the last); of arrays the NPY file with the targets
                    """),
            Option(
                name: "--test", value: "DATA",
                help: "a test set of the same kind (default: a part of DATA, chosen at random)"),
            Option(
                name: "--output", value: "FILE",
                help: "the config; - is standard output (default: the data's name with .json5)"),
        ],
        example: "dist-train init flowers.csv --target kind", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a file or directory of data")
        let output = arguments.string("--output") ?? "\(baseName(path)).json5"
        guard !output.isEmpty else { throw UsageError("--output needs the name of a file") }
        guard output == "-" || !File.exists(output) else { throw exists(output) }
        if let test = arguments.string("--test"), !File.exists(test) {
            throw UsageError("--test: there is no file or directory `\(test)`; check the path")
        }
        let source = try InitSource(
            path, target: arguments.string("--target"), test: arguments.string("--test"))
        let draft = try draft(of: source, path, named: output)
        if output == "-" {
            print(draft.text, terminator: "")
        } else {
            try write(draft.text, to: output)
        }
        let report = draft.report.joined(separator: "\n")
        if output == "-" { Console.standardError.writeLine(report) } else { print(report) }
        return 0
    }

    /// Makes the text of the config, and reads it as `run` would, so that it is known to be valid.
    private static func draft(of source: InitSource, _ path: String, named output: String) throws -> (
        text: String, report: [String]
    ) {
        var source = source
        var data = try read(source.train)
        if let text = source.text, text.task == .classes, data.train.sampleShape[0] > TextDraft.mostPositions
        {
            source.train = text.source(context: TextDraft.mostPositions)
            data = try read(source.train)
        }
        // The targets are looked at as the model has to learn them: minus their offsets.
        let facts = DatasetReport(data.train)
        guard facts.form.count >= 8 else {
            throw UsageError(
                "`\(path)` has \(TextFormat.count(facts.form.count, "sample")), and parts of them are for"
                    + " validation and testing; give at least 8")
        }
        guard data.train.classNames != nil || facts.form.targets.width > 0 || source.text != nil else {
            throw UsageError("`\(path)` has no targets to learn")
        }
        let report = InitReport(path, facts, source)
        let draft = ConfigDraft(header: report.header, source, facts)
        let job = try JobFile.load(text: draft.text, named: output)
        _ = try job.trainingPlan(
            with: DecodedData(
                train: data.train, validation: data.train, test: data.train,
                normalization: data.normalization, encoding: data.encoding))
        return (draft.text, report.lines(writing: output, draft))
    }

    private static func read(_ source: String) throws -> DecodedData {
        let outline = try JobFile.load(
            text: """
                {data: {train: \(source)}, model: [{dense: 1}], loss: "mse", optimizer: "adam",
                batch: {size: 1}, epochs: 1}
                """, named: "the data's source")
        return try DecodedData(reading: outline.job.data)
    }

    private static func exists(_ output: String) -> UsageError {
        UsageError("`\(output)` exists and is not overwritten: name another file with --output")
    }

    private static func write(_ text: String, to path: String) throws {
        do { try File.create(text, at: path) } catch let error as SystemError where error.code == EEXIST {
            throw exists(path)
        }
    }

    /// `data/flowers.csv.gz` → `flowers`.
    static func baseName(_ path: String) -> String {
        let name = Path.name(of: Path.absolute(path)).split(separator: ".").first.map(String.init) ?? "job"
        return String(name.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "-" })
    }
}
