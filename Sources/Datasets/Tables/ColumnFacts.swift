import System

/// The facts about one column that a scan collects.
struct ColumnFacts {
    /// Cells of each kind in the rows that take part.
    private(set) var numbers = 0
    private(set) var texts = 0
    /// Missing cells, also of rows that are left out.
    private(set) var missing = 0
    private(set) var missingWords = NameTable(limit: 64)
    private(set) var firstMissing: CellPlace?
    private(set) var firstText: CellPlace?
    /// The first number that no Float can hold, infinite ones and NaN included.
    private(set) var firstNotFinite: CellPlace?
    private(set) var notFinite = 0

    // MARK: Numbers

    private(set) var range = FloatRange()
    /// The sum of the numbers rounded to Float, of which means are made that must stay what they are.
    private(set) var roundedSum = 0.0
    /// The sum of the differences from the first number.
    private var origin = 0.0
    private var differences = 0.0
    private(set) var isWhole = true
    /// Whether each number is one more than the number before.
    private(set) var isCounting = true
    private var previous = 0.0
    /// Whole numbers with zeros before them, such as `01234`.
    private(set) var leadingZeros = 0
    /// Whole numbers of 7 digits or more behind a plus sign.
    private(set) var plusNumbers = 0
    /// Whole numbers that read as a day: 20240131.
    private(set) var days = 0
    /// Numbers that are 0 as a Float and are not 0.
    private(set) var underflows = 0
    private var wholeHash: UInt64 = 0
    private(set) var groups: GroupedDigits
    private var leastNumber = ExtremeNumber(isGreatest: false)
    private var greatestNumber = ExtremeNumber(isGreatest: true)
    /// The facts that people want to know of the numbers; nil if nobody asks.
    private(set) var measurement: NumberRange.Measurement?

    // MARK: Texts

    /// Names of categories or classes.
    private(set) var names: NameTable
    /// The number of different texts of each look.
    private(set) var looks = [Int](repeating: 0, count: CellLook.allCases.count)
    private(set) var firstOfLook: [CellLook: CellPlace] = [:]
    private(set) var firstLongName: (place: CellPlace, byteCount: Int)?

    // MARK: All cells

    private(set) var distinct = DistinctCounter()
    private(set) var distinctFloats = DistinctCounter()
    /// A hash of all cells in their order: equal for columns with the same content.
    private(set) var sequence: UInt64 = 0

    /// - Parameters:
    ///   - mostNames: the most names that are kept.
    ///   - sampling: whether quartiles will be asked for.
    ///   - format: how the table is written; nil for an array.
    init(mostNames: Int, sampling: Bool, format: CSVFormat? = nil) {
        groups = GroupedDigits(format)
        names = NameTable(limit: mostNames)
        measurement = sampling ? NumberRange.Measurement() : nil
    }

    /// - Parameter cell: the number as it is written; empty for a number that is not written in digits.
    @inline(__always)
    mutating func add(_ value: Double, _ cell: UnsafeBufferPointer<UInt8>) {
        let value = value + 0.0  // -0 becomes 0
        let rounded = Float(value)
        if numbers == 0 {
            origin = value
            isCounting = value == value.rounded(.towardZero)
        } else if value != previous + 1 {
            isCounting = false
        }
        previous = value
        numbers += 1
        range.add(value)
        leastNumber.add(value, cell)
        greatestNumber.add(value, cell)
        if groups.isPossible { groups.add(cell) }
        roundedSum += Double(rounded)
        differences += value - origin
        if rounded == 0, value != 0 { underflows += 1 }
        let hash = NameTable.mixed(value.bitPattern)
        if isWhole { addWhole(value, hash, cell) }
        distinct.add(hash)
        distinctFloats.add(NameTable.mixed(UInt64(rounded.bitPattern)))
        sequence = (sequence ^ hash) &* 0x9FB2_1C65_1E98_DF25
        measurement?.add(value)
    }

    @inline(__always)
    private mutating func addWhole(_ value: Double, _ hash: UInt64, _ cell: UnsafeBufferPointer<UInt8>) {
        guard value == value.rounded(.towardZero), value.magnitude < 9e15 else {
            isWhole = false
            return
        }
        wholeHash &+= hash
        if value >= 15_000_101, value <= 25_001_231 {
            let day = Int(value)
            if (1...12).contains(day / 100 % 100), (1...31).contains(day % 100) { days += 1 }
        }
        guard let first = cell.first else { return }
        if first == UInt8(ascii: "0"), cell.count > 1, cell[1] &- UInt8(ascii: "0") < 10 { leadingZeros += 1 }
        if first == UInt8(ascii: "+"), value >= 1e6 { plusNumbers += 1 }
    }

    mutating func addNotFinite(_ place: @autoclosure () -> CellPlace) {
        notFinite += 1
        if firstNotFinite == nil { firstNotFinite = place() }
    }

    mutating func addText(
        _ cell: UnsafeBufferPointer<UInt8>, _ decimal: CSVFormat.DecimalMark,
        _ place: @autoclosure () -> CellPlace
    ) {
        texts += 1
        if firstText == nil { firstText = place() }
        let hash = NameTable.hash(cell)
        distinct.add(hash)
        sequence = (sequence ^ hash) &* 0x9FB2_1C65_1E98_DF25
        guard let isNew = addName(cell, hash, place()), isNew else { return }
        let look = CellLook(cell, decimal: decimal)
        looks[look.rawValue] += 1
        if firstOfLook[look] == nil { firstOfLook[look] = place() }
    }

    /// Adds the name of a category or class, which may be a number. Returns whether it is new, nil if there
    /// are too many.
    @discardableResult
    mutating func addName(
        _ cell: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ place: @autoclosure () -> CellPlace
    ) -> Bool? {
        if cell.count > TableRules.longestName {
            if firstLongName == nil { firstLongName = (place(), cell.count) }
            return nil
        }
        return names.add(cell, hash: hash)
    }

    mutating func addMissing(_ cell: UnsafeBufferPointer<UInt8>, _ place: @autoclosure () -> CellPlace) {
        missing += 1
        _ = missingWords.add(cell, hash: NameTable.hash(cell))
        sequence = (sequence ^ 1) &* 0x9FB2_1C65_1E98_DF25
        if firstMissing == nil { firstMissing = place() }
    }
}

// MARK: - Conclusions

extension ColumnFacts {
    var mean: Double { numbers == 0 ? 0 : origin + differences / Double(numbers) }

    var least: Double { range.least }
    var greatest: Double { range.greatest }
    /// Subtracted from the numbers before they become Floats.
    var offset: Double { range.offset }

    /// The number that replaces a missing one: the mean of the numbers as features.
    var fill: Float {
        let offset = offset
        return offset == 0 ? Float(roundedSum / Double(numbers)) : Float(mean - offset)
    }

    /// Whether the numbers are n whole numbers that follow each other, in any order.
    var isRowNumber: Bool {
        guard isWhole, notFinite == 0, numbers >= 10, texts == 0, missing == 0 else { return false }
        if isCounting { return true }
        guard greatest - least == Double(numbers - 1) else { return false }
        var hash: UInt64 = 0
        for index in 0..<numbers {
            hash &+= NameTable.mixed((least + Double(index)).bitPattern)
        }
        return hash == wholeHash
    }

    /// Cells with a value, and all cells that were looked at.
    var values: Int { numbers + texts }
    var cells: Int { values + missing }

    /// Whether nearly every cell is different.
    var isNearlyUnique: Bool {
        values >= 10 && Double(distinct.count) > 0.9 * Double(values)
    }

    /// Whether some of the different numbers become equal as Floats.
    var mergesNumbers: Bool {
        !range.isExact && offset == 0 && Double(distinctFloats.count) < 0.8 * Double(distinct.count)
    }

    /// Categories may be written in several ways: `1` and `01`.
    var isConstant: Bool { missing == 0 && notFinite == 0 && hasOneValue && names.count <= 1 }

    /// Whether all cells that are known have the same value.
    var hasOneValue: Bool { distinct.isExact && distinct.count == 1 }

    /// Repeated extreme numbers that probably stand for a missing value, as they are written.
    var missingMarks: [(spelling: String, count: Int)] {
        [(leastNumber, greatestNumber), (greatestNumber, leastNumber)].compactMap { end, other in
            end.isMark(beside: other) ? (end.spelling, end.count) : nil
        }
    }

    /// The look of the most different texts.
    var mainLook: CellLook {
        CellLook.allCases.max { looks[$0.rawValue] < looks[$1.rawValue] } ?? .text
    }
}
