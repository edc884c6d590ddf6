import System

/// Encodes the rows of a file with a `TableEncoding`.
struct TableEncoder {
    private let table: TableFile
    private let encoding: TableEncoding
    private let features: [Feature]
    private let target: TableEncoding.Target
    /// Columns of the targets, and what is subtracted from their values.
    private let targets: [(column: Int, offset: Double)]
    private let classes: NameTable
    /// Whether the classes are whole numbers, so that the cell `1.0` is the class `1`.
    private let classesAreWhole: Bool

    /// One column's way to its features. It has no references, so that copying it costs nothing.
    private struct Feature {
        let column: Int
        let offset: Double
        let fill: Float?
        /// The index in `categories` of a categorical column.
        let category: Int?
    }

    /// The categories of a column: their table, their names, and the index of the one for a missing cell.
    private struct Categories {
        let names: NameTable
        let texts: [String]
        let fill: Int?
    }

    private var categories: [Categories] = []
    /// The columns whose cells name the samples.
    private let nameColumns: [Int]

    /// The names of the samples read so far.
    private(set) var names: [[String]] = []
    /// Rows that were left out so far because a cell is missing.
    private(set) var leftOut = 0
    private var rows: [Float] = []
    private var labels: [Int32] = []
    private var values: [Float] = []
    private var count = 0

    /// - Parameters:
    ///   - readsTargets: false reads no targets, even if the table has them.
    ///   - requiresTargets: false also accepts a table without the target's columns.
    ///   - names: columns whose cells name the samples.
    /// - Throws: `DatasetError` if a column is missing.
    init(
        _ table: TableFile, _ encoding: TableEncoding, readsTargets: Bool = true, requiresTargets: Bool,
        names: [String] = []
    ) throws {
        self.table = table
        self.encoding = encoding
        var categories: [Categories] = []
        features = try encoding.columns.map { column in
            let index = try table.index(of: column.name)
            switch column.kind {
            case .number(let fill, let offset):
                return Feature(column: index, offset: offset, fill: fill, category: nil)
            case .categories(let names, let fill):
                categories.append(Categories(names: NameTable(names), texts: names, fill: fill))
                return Feature(column: index, offset: 0, fill: nil, category: categories.count - 1)
            }
        }
        self.categories = categories
        nameColumns = try names.map { try table.index(of: $0) }
        let hasTargets = encoding.target.columns.allSatisfy { table.columns.contains($0) }
        target = readsTargets && (requiresTargets || hasTargets) ? encoding.target : .absent
        let columns = try target.columns.map { try table.index(of: $0) }
        var offsets: [Double] = []
        if case .values(_, let known) = target { offsets = known }
        targets = columns.enumerated().map { ($1, $0 < offsets.count ? offsets[$0] : 0) }
        var classNames: [String] = []
        if case .classes(_, let known) = target { classNames = known }
        classes = NameTable(classNames)
        classesAreWhole = TableEncoding.areWholeNumbers(classNames)
    }

    /// Drops the samples read so far.
    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Makes room for so many samples.
    mutating func reserve(_ count: Int) { rows.reserveCapacity(count * encoding.width) }

    /// Reads samples until there are `limit` of them, or none is left. Returns the number of samples read so
    /// far.
    /// - Throws: `DatasetError` if a cell cannot be encoded.
    mutating func read(limit: Int) throws -> Int {
        while count < limit, try table.next() {
            let (rowCount, valueCount) = (rows.count, values.count)
            guard try readTargets(), try readFeatures() else {
                rows.removeLast(rows.count - rowCount)
                values.removeLast(values.count - valueCount)
                if labels.count > count { labels.removeLast() }
                leftOut += 1
                continue
            }
            count += 1
            if !nameColumns.isEmpty { names.append(try nameColumns.map { try table.text($0) }) }
            if count.isMultiple(of: 1024) { try encoding.checkSize(samples: count, of: table.reader.name) }
        }
        return count
    }

    /// Reads the features of the current row. False if it is left out, because a cell is missing.
    private mutating func readFeatures() throws -> Bool {
        for feature in features {
            if let category = feature.category {
                guard try readCategory(feature.column, categories[category]) else { return false }
                continue
            }
            switch table.read(feature.column) {
            case .number(let value):
                rows.append(try table.finite(value, feature.column, minus: feature.offset))
            case .missing:
                guard let fill = feature.fill else {
                    try requireRule(feature.column)
                    return false
                }
                rows.append(fill)
            case .text:
                throw table.fault(
                    feature.column,
                    "`\(table.shown(feature.column))` is no number, as the training data have here;"
                        + " correct it")
            }
        }
        return true
    }

    /// Reads the category of the current row. False if it is left out.
    private mutating func readCategory(_ column: Int, _ categories: Categories) throws
        -> Bool
    {
        var category = categories.fill
        if !table.isMissing(column) {
            category = categories.names.index(of: table.reader.cell(column))
            if category == nil {
                let hint = SimilarNames.hint(try table.text(column), among: categories.texts)
                throw table.fault(
                    column,
                    "the training data do not have the category `\(table.shown(column))`\(hint); correct it,"
                        + " or train with it"
                )
            }
        }
        guard let category else {
            try requireRule(column)
            return false
        }
        let start = rows.count
        rows.append(contentsOf: repeatElement(0, count: categories.names.count))
        rows[start + category] = 1
        return true
    }

    /// Reads the targets of the current row. False if it is left out, because one is missing.
    private mutating func readTargets() throws -> Bool {
        for (column, offset) in targets {
            if table.isMissing(column) {
                guard encoding.missingCells == .drop else {
                    throw table.fault(
                        column,
                        "the target is missing (`\(table.shown(column))`); complete it,"
                            + " or leave such samples out with on_missing: \"drop\""
                    )
                }
                return false
            }
            guard case .values = target else {
                labels.append(try label(column))
                continue
            }
            guard case .number(let value) = table.read(column) else {
                throw table.fault(
                    column,
                    "`\(table.shown(column))` is no number, as the training data have here; correct it")
            }
            values.append(try table.finite(value, column, minus: offset))
        }
        return true
    }

    /// Throws unless rows with missing cells are left out.
    private func requireRule(_ column: Int) throws {
        guard encoding.missingCells != .drop else { return }
        throw table.fault(
            column,
            encoding.missingCells == .mean
                ? "the cell is missing (`\(table.shown(column))`); complete it"
                : "the cell is missing (`\(table.shown(column))`); complete it, or say what to do:"
                    + " on_missing: \"mean\" or \"drop\"")
    }

    private func label(_ column: Int) throws -> Int32 {
        if classesAreWhole {
            var name = try table.whole(column)
            if let index = name.withUTF8({ classes.index(of: $0) }) { return Int32(index) }
        } else if let index = classes.index(of: table.reader.cell(column)) {
            return Int32(index)
        }
        var known: [String] = []
        if case .classes(_, let names) = target { known = names }
        let hint = SimilarNames.hint(try table.text(column), among: known)
        throw table.fault(
            column,
            "the training data do not have the class `\(table.shown(column))`\(hint); correct it,"
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
            case .values(let columns, _): .values(width: columns.count)
            }
        let form = DatasetForm(elementType: .float32, sampleShape: [width], count: count, targets: kind)
        return try Dataset.build(form) { features, targets in
            rows.withUnsafeBytes { features.copyMemory(from: $0) }
            labels.withUnsafeBytes { targets.copyBytes(from: $0) }
            values.withUnsafeBytes { targets.copyBytes(from: $0) }
        }
    }
}
