import Configuration
import Runs

/// Writes the answers of a model as JSON. Numbers have the shortest form that reads back as the same Float,
/// as in the lines of `predict`.
package struct AnswerWriter: Sendable {
    private enum Form {
        /// The class, then a number for each class under this name.
        case classes(String)
        case values
        case cluster
    }

    private let start: [UInt8]
    private let form: Form
    /// The name of each number, with what stands before its value.
    private let names: [[UInt8]]

    package init(_ model: ServedModel) {
        let name = ConfigValue.string(model.name).compactJSON()
        start = Array("{\"model\":\(name),\"step\":\(model.step),\"predictions\":[".utf8)
        let columns: [String]
        switch model.rows.form {
        case .classes(let classes, _):
            let areScores = model.rows.columns.dropFirst().first?.hasPrefix("score_") == true
            form = .classes(areScores ? "scores" : "probabilities")
            columns = classes
        case .cluster:
            form = .cluster
            columns = model.rows.columns
        case .values, .reconstruction:
            form = .values
            columns = model.rows.columns
        }
        names = columns.map { Array("\(ConfigValue.string($0).compactJSON()):".utf8) }
    }

    package func answer(_ rows: some Collection<[PredictionRows.Cell]>) -> [UInt8] {
        var bytes = start
        bytes.reserveCapacity(start.count + rows.count * (names.count * 24 + 40) + 8)
        var isFirst = true
        for row in rows {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            append(row, to: &bytes)
        }
        bytes += "]}\n".utf8
        return bytes
    }

    private func append(_ row: [PredictionRows.Cell], to bytes: inout [UInt8]) {
        switch form {
        case .classes(let word):
            bytes += "{\"class\":".utf8
            if let name = row.first { append(name, to: &bytes) }
            bytes += ",\"\(word)\":{".utf8
            append(row.dropFirst(), to: &bytes)
            bytes += "}}".utf8
        case .values:
            bytes += "{\"values\":{".utf8
            append(row[...], to: &bytes)
            bytes += "}}".utf8
        case .cluster:
            bytes.append(UInt8(ascii: "{"))
            append(row[...], to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private func append(_ cells: ArraySlice<PredictionRows.Cell>, to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += names[index]
            append(cell, to: &bytes)
        }
    }

    private func append(_ cell: PredictionRows.Cell, to bytes: inout [UInt8]) {
        switch cell {
        case .text(let text): bytes += ConfigValue.string(text).compactJSON().utf8
        case .number(let number): bytes += (number.isFinite ? number.description : "null").utf8
        case .double(let number): bytes += (number.isFinite ? number.description : "null").utf8
        case .integer(let number): bytes += "\(number)".utf8
        }
    }
}
