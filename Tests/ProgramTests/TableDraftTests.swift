import Datasets
import Testing
import dist_train

@Suite struct TableDraftTests {
    private typealias Column = TableProfile.Column

    private func numbers(_ name: String, distinct: Int = 90, isWhole: Bool = false, isCounting: Bool = false)
        -> TableProfile.Column
    {
        Column(name, numbers: 100, isWhole: isWhole, isCounting: isCounting, distinct: distinct)
    }

    private func draft(_ columns: [TableProfile.Column], target: String? = nil) throws -> TableDraft {
        try TableDraft(TableProfile(columns: columns, rows: 100), of: "a.csv", target: target)
    }

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
        let found = try draft(names.map { numbers($0) }, target: named)
        #expect(found.target == target && found.targetReason == reason)
    }

    /// Texts are classes, and so are few whole numbers that occur often; other numbers are values.
    @Test(
        arguments: [
            (Column("t", texts: 100, distinct: 3), true), (Column("t", texts: 100, distinct: 20), true),
            (Column("t", numbers: 100, distinct: 2), true), (Column("t", numbers: 100, distinct: 10), true),
            (Column("t", numbers: 100, distinct: 11), false),
            (Column("t", numbers: 1_000, distinct: 20), true),
            (Column("t", numbers: 1_000, distinct: 21), false),
            (Column("t", numbers: 20, distinct: 12), false), (Column("t", numbers: 20, distinct: 2), true),
            (Column("t", numbers: 100, isWhole: false, distinct: 3), false),
            (Column("t", numbers: 50, texts: 50, distinct: 12), true),
        ] as [(TableProfile.Column, Bool)])
    func theTaskFollowsFromTheTarget(column: TableProfile.Column, isClassification: Bool) throws {
        let found = try draft([numbers("x"), column])
        #expect(found.isClassification == isClassification, "\(found.taskReason)")
    }

    /// Columns that cannot teach anything are left out, with the reason.
    @Test(
        arguments: [
            (Column("id", numbers: 100, isCounting: true, distinct: 100), "counts the rows"),
            (Column("n", numbers: 100, isCounting: true, distinct: 100), "counts the rows"),
            (Column("patient_id", numbers: 100, distinct: 100), "has another number in every row"),
            (Column("name", texts: 100, distinct: 98), "has texts that are different in most rows"),
            (
                Column("ticket", texts: 60, missing: 40, distinct: 50),
                "has texts that are different in most rows"
            ),
            (Column("site", texts: 100, distinct: 1), "is the same in every row"),
            (Column("zero", numbers: 100, distinct: 1), "is the same in every row"),
            (Column("cabin", missing: 100), "is empty"),
            (Column("town", texts: 100, distinct: 40), nil),
            (Column("age", numbers: 100, distinct: 100), nil),
            (Column("flag", texts: 90, missing: 10, distinct: 1), nil),
            (Column("price", numbers: 99, texts: 1, distinct: 100), nil),
        ] as [(TableProfile.Column, String?)])
    func uselessColumnsAreLeftOut(column: TableProfile.Column, reason: String?) throws {
        let found = try draft([column, numbers("x"), numbers("target", distinct: 3)])
        #expect(found.ignored == reason.map { [TableDraft.Ignored(name: column.name, reason: $0)] } ?? [])
    }

    @Test func missingCellsAreFilledAndMissingTargetsDropTheirRows() throws {
        let gap = Column("x", numbers: 90, missing: 10, distinct: 80)
        let target = Column("target", texts: 95, missing: 5, distinct: 2)
        #expect(try draft([numbers("x"), numbers("z")]).missingCells == .error)
        #expect(try draft([gap, numbers("z")]).missingCells == .mean)
        #expect(try draft([gap, target]).missingCells == .drop)
        let empty = Column("x", missing: 100)
        #expect(try draft([empty, numbers("a"), numbers("z")]).missingCells == .error, "it is left out")
    }

    @Test(
        arguments: [
            (["x"], nil, "`a.csv` has one column"),
            (["flower", "kind"], "kinds", "has no column `kinds`: did you mean `kind`?"),
            (["flower", "kind"], "qqq", "its columns are `flower`, `kind`"),
        ] as [([String], String?, String)])
    func mistakesAreExplained(names: [String], target: String?, message: String) {
        let error = #expect(throws: UsageError.self) {
            try draft(names.map { numbers($0) }, target: target)
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func aTargetOfNamesOrOfOneValueIsRefused() {
        for column in [
            Column("t", texts: 100, distinct: 99), Column("t", numbers: 100, distinct: 1),
            Column("t", missing: 100),
        ] {
            #expect(throws: UsageError.self) { try draft([numbers("x"), column]) }
        }
    }
}
