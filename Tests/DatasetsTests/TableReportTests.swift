import Datasets
import TestSupport
import Testing

@Suite struct TableReportTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func report(_ text: String, _ rules: TableRules = TableRules(missingCells: .mean)) throws
        -> TableReport
    {
        try TableReport(path: directory.write("a.csv", text), format: CSVFormat(), rules: rules)
    }

    /// Each column of a table gets its type and its numbers, wrong ones included.
    @Test func columnsHaveTypesAndNumbers() throws {
        let header = "id,age,city,when,name,one,price,flag,code\n"
        let rows = (0..<100).map { row in
            let age = row % 10 == 0 ? "NA" : row == 55 ? "1000" : "\(20 + row % 7).5"
            let city = ["Bern", "Wien", "Bern"][row % 3]
            return
                "\(row),\(age),\(city),2024-01-\(10 + row % 20),n\(row),7,\"\(row),5\","
                + "\(row % 2 == 0 ? "x" : "1"),z\(row % 40)\n"
        }
        let report = try report(header + rows.joined())
        #expect(report.rows == 100 && report.duplicateRows == 0)
        #expect(
            report.columns.map(\.kind.title) == [
                "row number", "number", "category", "date", "text", "constant", "decimal comma", "mixed",
                "category",
            ])
        let age = report.columns[1]
        #expect(age.missing == 10 && age.missingWords == ["NA"] && age.numbers == 90)
        let range = try #require(age.range)
        #expect(range.least == 20.5 && range.greatest == 1_000 && range.median == 23.5)
        #expect(range.outliers == 1.0 / 90)
        let numbers = rows.compactMap { Double($0.split(separator: ",")[1]) }
        let mean = numbers.reduce(0, +) / 90
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 90
        #expect((range.mean - mean).magnitude < 1e-12 * mean)
        #expect((range.deviation - variance.squareRoot()).magnitude < 1e-10 * mean)
        #expect(report.columns[2].categories.map(\.name) == ["Bern", "Wien"])
        #expect(report.columns[2].categories.map(\.count) == [67, 33])
        let faults = report.columns.filter { $0.fault != nil }.map(\.name)
        #expect(faults == ["when", "name", "price", "flag"])
        #expect(
            Set(report.notes.map(\.kind)) == [
                "constant_column", "filled_cells", "many_categories", "row_number",
            ])
    }

    /// Different values are counted exactly up to 1,024, and within 15 % beyond.
    @Test(arguments: [1, 2, 1_024, 5_000, 60_000]) func differentValues(count: Int) throws {
        let text = "x\n" + (0..<max(count, 2_000)).map { "\(Double($0 % count) * 0.37)\n" }.joined()
        let column = try #require(try report(text).columns.first)
        #expect(column.distinctIsExact == (count <= 1_024))
        #expect(column.distinctIsExact ? column.distinct == count : abs(column.distinct - count) * 7 < count)
    }

    /// Equal rows are found however their numbers are written.
    @Test func equalRows() throws {
        #expect(try report("x,c\n1,a\n1.0,a\n1e0,\"a\"\n1,b\n2,a\n").duplicateRows == 2)
        #expect(try report("x,c\n,a\n1,\n,a\n").duplicateRows == 1)
    }
}
