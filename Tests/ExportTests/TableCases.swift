import Datasets
import Jobs
import NeuralNetwork
import System
import TestSupport

/// Models of tables, whose columns and classes have names that are hard to write down.
enum TableCases {
    static let hostileNames = [
        "</script><img src=x onerror=alert(1)>", "\"]}", "=cmd|' /C calc'!A0", "\"\"\"", "a\nb\r\nc", "\\",
        "'); import os #", "{name}", "%s", "ﷺ\u{202E}gnp.", "Grün 🟩", "probabilities", "label", "logits",
        "class_index", "normalized", "\u{1}\u{7F}",
    ]

    /// A cell in quotes, whatever it holds.
    static func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }

    /// A table of numbers and categories, with missing cells; the class has hostile names, and so have the
    /// columns.
    static func classes(
        _ name: String, in directory: TemporaryDirectory, missing: TableRules.MissingCells
    ) throws -> ExportCase {
        let names = hostileNames
        let columns = (0..<6).map { names[$0] } + ["probabilities", "label", "target \(names[0])"]
        var rows = [columns.map(quoted).joined(separator: ",")]
        for row in 0..<51 {
            let mayMiss = missing == .mean && row % 5 == 2
            let numbers = (0..<4).map { column in
                mayMiss && column == row % 4 ? "NA" : "\(Double(row * (column + 3) * 29 % 101) / 8 - 5)"
            }
            let large = "\(1_700_000_000 + row * row)"
            let texts = [names[row % 5 + 3], names[row % 7 + 6], names[(row * row) % 3]]
            let cells = numbers + [mayMiss ? "" : quoted(texts[0]), large, quoted(texts[1])]
            rows.append((cells + [quoted(texts[2]), quoted(names[row % 17])]).joined(separator: ","))
        }
        var made = try make(
            name, rows, in: directory,
            TableRules(targets: [columns[8]], task: .classification, missingCells: missing), seed: 7)
        made.faults = [(columns[0], "inf"), (columns[4], "no such category"), (columns[7], "")]
        if missing != .mean { made.faults += [(columns[1], ""), (columns[4], "NA")] }
        if missing == .mean { made.faults.removeLast() }
        return made
    }

    /// A regression of numbers that a Float cannot tell apart, with a decimal comma and semicolons.
    static func values(_ name: String, in directory: TemporaryDirectory) throws -> ExportCase {
        var rows = ["x;\"time;s\";y"]
        for row in 0..<40 {
            rows.append("\(row),\(row % 7);\(1_700_000_000 + row * 3);\(1_800_000_000 + 5 * row),5")
        }
        return try make(
            name, rows, in: directory, TableRules(targets: ["y"], task: .regression),
            CSVFormat(delimiter: .semicolon, decimal: .comma), seed: 8)
    }

    /// An autoencoder of a table.
    static func reconstruction(_ name: String, in directory: TemporaryDirectory) throws -> ExportCase {
        var rows = ["a,b,time"]
        for row in 0..<40 { rows.append("\(row % 9),\(["x", "y"][row % 2]),\(1_700_000_000 + row * 3)") }
        return try make(name, rows, in: directory, TableRules(), target: .input, seed: 9)
    }

    /// A classification of the table in a file.
    static func classification(_ path: String, target: String) throws -> ExportCase {
        let rows = try File.readText(path, limit: 1 << 20)
        return try make("any", path, rows, TableRules(targets: [target], task: .classification), seed: 5)
    }

    private static func make(
        _ name: String, _ rows: [String], in directory: TemporaryDirectory, _ rules: TableRules,
        _ format: CSVFormat = CSVFormat(), target: DataSpec.Target = .data, seed: UInt64
    ) throws -> ExportCase {
        let text = rows.joined(separator: "\n") + "\n"
        let path = try directory.write("\(name).csv", text)
        return try make(name, path, text, rules, format, target: target, seed: seed)
    }

    private static func make(
        _ name: String, _ path: String, _ text: String, _ rules: TableRules,
        _ format: CSVFormat = CSVFormat(), target: DataSpec.Target = .data, seed: UInt64
    ) throws -> ExportCase {
        let (dataset, encoding, _) = try Dataset.csv(path: path, format: format, rules: rules)
        let outputs: Int =
            switch encoding.target {
            case .classes(_, let names): names.count
            case .values(let columns, _): columns.count
            case .absent: dataset.sampleSize
            }
        let classes = dataset.classNames
        let layers: [LayerSpec] = [
            .dense(units: 16, bias: true, initializer: .xavierUniform), .activation(.tanh),
            .dense(units: outputs, bias: true, initializer: .xavierUniform),
        ]
        let job = Job(
            name: name, seed: seed,
            data: DataSpec(train: .csv(path: path, format, rules), normalization: .zScore, target: target),
            layers: layers.enumerated().map { NamedLayer("d\($0)", $1) },
            loss: classes == nil ? .meanSquaredError : .crossEntropy,
            optimizer: .gradientDescent(learningRate: 0.1), batchSize: 8, epochs: 1)
        var made = try ExportCase(
            name, job, dataset, classes: classes, targetWidth: classes == nil ? outputs : nil,
            table: encoding, seed: seed)
        made.csv = text
        return made
    }
}
