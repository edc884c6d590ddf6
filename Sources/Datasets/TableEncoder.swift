import System

/// Encodes the rows of a file with a `TableEncoding`.
struct TableEncoder {
    private let table: TableFile
    private let encoding: TableEncoding
    private let features: [(column: Int, kind: TableEncoding.Kind, categories: [String: Int])]
    private let target: TableEncoding.Target
    private let targets: [Int]
    /// The index of each class.
    private let classes: [String: Int]
    /// Whether the classes are whole numbers, so that the cell `1.0` is the class `1`.
    private let classesAreWhole: Bool
    private var rows: [Float] = []
    private var labels: [Int32] = []
    private var values: [Float] = []
    private var count = 0

    /// - Parameters:
    ///   - readsTargets: false reads no targets, even if the table has them.
    ///   - requiresTargets: false also accepts a table without the target's columns.
    /// - Throws: `DatasetError` if a column is missing.
    init(_ table: TableFile, _ encoding: TableEncoding, readsTargets: Bool = true, requiresTargets: Bool)
        throws
    {
        self.table = table
        self.encoding = encoding
        features = try encoding.columns.map { column in
            var indices: [String: Int] = [:]
            if case .categories(let names, _) = column.kind {
                for (index, name) in names.enumerated() { indices[name] = index }
            }
            return (try table.index(of: column.name), column.kind, indices)
        }
        let hasTargets = encoding.target.columns.allSatisfy { table.columns.contains($0) }
        target = readsTargets && (requiresTargets || hasTargets) ? encoding.target : .absent
        targets = try target.columns.map { try table.index(of: $0) }
        guard case .classes(_, let names) = target else {
            classes = [:]
            classesAreWhole = false
            return
        }
        classes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        classesAreWhole = TableEncoding.areWholeNumbers(names)
    }

    /// Drops the samples read so far.
    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Reads samples until there are `limit` of them, or none is left. Returns the number of samples read so
    /// far.
    /// - Throws: `DatasetError` if a cell cannot be encoded.
    mutating func read(limit: Int) throws -> Int {
        let columns = features.map(\.column)
        while count < limit, try table.next() {
            guard try table.keepsSample(features: columns, targets: targets, encoding.missingCells) else {
                continue
            }
            count += 1
            if count.isMultiple(of: 1024) { try encoding.checkSize(samples: count, of: table.reader.name) }
            for feature in features {
                switch feature.kind {
                case .number(let fill): rows.append(try number(feature.column, fill: fill))
                case .categories(let names, let fill):
                    let start = rows.count
                    rows.append(contentsOf: repeatElement(0, count: names.count))
                    rows[start + (try category(feature.column, feature.categories, fill: fill))] = 1
                }
            }
            switch target {
            case .absent: continue
            case .classes: labels.append(try label())
            case .values: for column in targets { values.append(try number(column, fill: nil)) }
            }
        }
        return count
    }

    private func number(_ column: Int, fill: Float?) throws -> Float {
        switch table.read(column) {
        case .number(let value): return try table.finite(value, column)
        case .missing:
            if let fill { return fill }
            throw table.fault(column, "the cell is missing; complete it")
        case .text:
            throw table.fault(
                column, "`\(table.shown(column))` is no number, as the training data have here; correct it")
        }
    }

    private func category(_ column: Int, _ categories: [String: Int], fill: Int?) throws -> Int {
        if let fill, table.isMissing(column) { return fill }
        if let index = categories[try table.text(column)] { return index }
        throw table.fault(
            column,
            "the training data do not have the category `\(table.shown(column))`; correct it,"
                + " or train with it"
        )
    }

    private func label() throws -> Int32 {
        if let index = classes[try classesAreWhole ? table.whole(targets[0]) : table.text(targets[0])] {
            return Int32(index)
        }
        throw table.fault(
            targets[0],
            "the training data do not have the class `\(table.shown(targets[0]))`; correct it,"
                + " or train with it"
        )
    }

    /// The samples read so far as a data set.
    /// - Parameter width: features per sample.
    /// - Throws: `DatasetError` if there is none.
    func dataset(width: Int) throws -> Dataset {
        guard count > 0 else {
            throw DatasetError(
                "`\(table.reader.name)` has no complete sample; give a table with data,"
                    + " or another `on_missing`"
            )
        }
        let kind: Targets =
            switch target {
            case .absent: .absent
            case .classes(_, let names): .classes(names)
            case .values(let columns): .values(width: columns.count)
            }
        let form = DatasetForm(elementType: .float32, sampleShape: [width], count: count, targets: kind)
        return try Dataset.build(form) { features, targets in
            rows.withUnsafeBytes { features.copyMemory(from: $0) }
            labels.withUnsafeBytes { targets.copyBytes(from: $0) }
            values.withUnsafeBytes { targets.copyBytes(from: $0) }
        }
    }
}
