import Datasets
import TestSupport
import Testing
import dist_train

@Suite struct TableDraftTests {
    typealias Cells = @Sendable (Int) -> String

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The draft for a table of 100 rows.
    private func draft(
        _ columns: [(String, @Sendable (Int) -> String)], target: String? = nil, rows: Int = 100
    ) throws -> TableDraft {
        let lines = (0..<rows).map { row in columns.map { $0.1(row) }.joined(separator: ",") }
        let text = ([columns.map(\.0).joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
        let path = try directory.write("a.csv", text)
        let report = try TableReport(path: path, format: CSVFormat(), rules: TableRules(missingCells: .mean))
        return try TableDraft(report, of: "a.csv", target: target)
    }

    /// Numbers in no order, of which so many are different.
    private static func numbers(_ distinct: Int = 97) -> Cells {
        { "\($0 * 37 % 97 % distinct).5" }
    }

    private static func wholes(_ distinct: Int) -> Cells { { "\($0 * 37 % 1_009 % distinct)" } }

    /// The target is the column that is named, one with a usual name, or the last one.
    @Test(
        arguments: [
            (["x", "target", "z"], nil, "target", "by its name"),
            (["class", "x"], nil, "class", "by its name"),
            (["x", "Species", "z"], nil, "Species", "by its name"), (["y", "x"], nil, "y", "by its name"),
            (["label", "target", "x"], nil, "target", "by its name"),
            (["a", "b", "c"], nil, "c", "the last column"),
            (["a", "yield", "b"], nil, "b", "the last column"),
            (["target", "a"], "a", "a", nil),
        ] as [([String], String?, String, String?)])
    func theTargetIsChosen(names: [String], named: String?, target: String, reason: String?) throws {
        let found = try draft(names.map { ($0, Self.numbers()) }, target: named)
        #expect(found.target == target && found.targetReason == reason)
    }

    struct Target: Sendable {
        let rows: Int
        let isClassification: Bool
        let cells: Cells
    }

    static let targets = [
        Target(rows: 100, isClassification: true) { "t\($0 % 3)" },
        Target(rows: 100, isClassification: true) { "t\($0 % 20)" },
        Target(rows: 100, isClassification: true, cells: wholes(2)),
        Target(rows: 100, isClassification: true, cells: wholes(10)),
        Target(rows: 100, isClassification: false, cells: wholes(11)),
        Target(rows: 1_000, isClassification: true, cells: wholes(20)),
        Target(rows: 1_000, isClassification: false, cells: wholes(21)),
        Target(rows: 20, isClassification: false, cells: wholes(12)),
        Target(rows: 20, isClassification: true, cells: wholes(2)),
        Target(rows: 100, isClassification: false, cells: numbers(3)),
        Target(rows: 100, isClassification: true) { $0 % 2 == 0 ? "\($0 % 12)" : "t\($0 % 12)" },
    ]

    /// Texts are classes, and so are few whole numbers that occur often; other numbers are values.
    @Test(arguments: targets) func theTaskFollowsFromTheTarget(_ target: Target) throws {
        let found = try draft([("x", Self.numbers()), ("t", target.cells)], rows: target.rows)
        #expect(found.isClassification == target.isClassification, "\(found.taskReason)")
    }

    struct Column: Sendable {
        let name: String
        let reason: String?
        let cells: Cells
    }

    static let columns = [
        Column(name: "id", reason: "counts the rows") { "\($0)" },
        Column(name: "n", reason: "counts the rows") { "\($0 + 1)" },
        Column(name: "patient_id", reason: "has another number in every row") { "\($0 * $0 + 1_000)" },
        Column(name: "name", reason: "has texts that are different in most rows") { "n\($0)" },
        Column(name: "ticket", reason: "has texts that are different in most rows") {
            $0 % 10 < 4 ? "" : $0 % 3 == 0 ? "\($0)" : "PC \($0)"
        },
        Column(name: "site", reason: "is the same in every row") { _ in "Bern" },
        Column(name: "zero", reason: "is the same in every row") { _ in "0" },
        Column(name: "cabin", reason: "is empty") { _ in "" },
        Column(name: "day", reason: "has dates, which are no numbers") { "2024-01-\(10 + $0 % 20)" },
        Column(name: "town", reason: nil) { "t\($0 % 40)" },
        Column(name: "age", reason: nil, cells: numbers()),
        Column(name: "flag", reason: nil) { $0 % 10 == 0 ? "" : "x" },
        Column(name: "price", reason: nil) { $0 == 7 ? "ask" : "\($0 * 37 % 97).5" },
        Column(name: "cost", reason: nil) { "\($0 * 37 % 97)%" },
    ]

    /// Columns that cannot teach anything are left out, with the reason.
    @Test(arguments: columns) func uselessColumnsAreLeftOut(_ column: Column) throws {
        let found = try draft([
            (column.name, column.cells), ("x", Self.numbers()), ("target", Self.wholes(3)),
        ])
        #expect(
            found.ignored == column.reason.map { [TableDraft.Ignored(name: column.name, reason: $0)] } ?? [])
    }

    /// A later column of whole numbers that follow each other may mean something, such as years.
    @Test func yearsAreKept() throws {
        let found = try draft([
            ("x", Self.numbers()), ("year", { "\(1_900 + $0)" }), ("target", Self.wholes(3)),
        ])
        #expect(found.ignored.isEmpty)
    }

    @Test func missingCellsAreFilledAndMissingTargetsDropTheirRows() throws {
        let gap: Cells = { $0 % 10 == 0 ? "" : "\($0 * 37 % 97).5" }
        let target: Cells = { $0 % 20 == 0 ? "NA" : "t\($0 % 2)" }
        let numbers = Self.numbers()
        #expect(try draft([("x", numbers), ("z", numbers)]).missingCells == .error)
        #expect(try draft([("x", gap), ("z", numbers)]).missingCells == .mean)
        #expect(try draft([("x", gap), ("target", target)]).missingCells == .drop)
        let isLeftOut = try draft([("x", { _ in "" }), ("a", numbers), ("z", numbers)])
        #expect(isLeftOut.missingCells == .error)
    }

    @Test(
        arguments: [
            (["x"], nil, "`a.csv` has one column"),
            (["flower", "kind"], "kinds", "has no column `kinds`: did you mean `kind`?"),
            (["flower", "kind"], "qqq", "its columns are `flower`, `kind`"),
        ] as [([String], String?, String)])
    func mistakesAreExplained(names: [String], target: String?, message: String) {
        let error = #expect(throws: UsageError.self) {
            try draft(names.map { ($0, Self.numbers()) }, target: target)
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func aTargetOfNamesOrOfOneValueIsRefused() {
        let cells: [@Sendable (Int) -> String] = [{ "n\($0)" }, { _ in "1" }, { _ in "" }]
        for cells in cells {
            #expect(throws: UsageError.self) { try draft([("x", Self.numbers()), ("t", cells)]) }
        }
    }
}
