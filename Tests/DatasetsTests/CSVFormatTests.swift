import Datasets
import System
import TestSupport
import Testing

/// The way a table is written is found by its first rows.
@Suite struct CSVFormatTests {
    private func format(_ text: String) throws -> CSVFormat {
        let directory = try TemporaryDirectory()
        return try CSVFormat(findingIn: directory.write("table.csv", text))
    }

    @Test(
        arguments: [
            ("a,b\n1,2\n3,4\n", true, CSVFormat.Delimiter.comma), ("a;b\n1;2\n3;4\n", true, .semicolon),
            ("a\tb\n1\tx\n3\ty\n", true, .tab), ("1,2\n3,4\n5,6\n", false, .comma),
            ("5.1,3.5,Iris\n4.9,3.0,Iris\n4.7,3.2,Rose\n", false, .comma),
            ("0,1,2\n5.1,3.5,7\n4.9,3.0,8\n", true, .comma),
            ("0,1,target\n5.1,3.5,7\n4.9,3.0,8\n", true, .comma),
            ("colour,size\nred,big\nblue,big\nred,small\n", true, .comma),
            ("red,big\nblue,big\nred,small\n", false, .comma),
            ("note;x\n\"a, b\";1\n\"c, d\";2\n", true, .semicolon), ("a|b\n1|2\n", true, .pipe),
            ("a b\n1 2\n", true, .space), ("a\n1\n", true, .comma), ("\"x,y\";b\n", true, .semicolon),
            ("", true, .comma), ("a;b\n1;2;3\n4;5\n", true, .semicolon),
        ] as [(String, Bool, CSVFormat.Delimiter)])
    func delimiterAndHeader(text: String, header: Bool, delimiter: CSVFormat.Delimiter) throws {
        let found = try format(text)
        #expect(found.hasHeader == header && found.delimiter == delimiter)
    }

    @Test(
        arguments: [
            ("a;b\n1,5;2\n3,25;4\n", CSVFormat.DecimalMark.comma), ("a;b\n1.5;2\n3.25;4\n", .point),
            ("a;b\n1;2\n3;4\n", .point), ("a;b\n1,5;2.5\n", .point), ("a\tb\n-1,5e3\tx\n", .comma),
            ("a,b\n1.5,2\n", .point), ("a;b\nx, y;2\n", .point),
        ] as [(String, CSVFormat.DecimalMark)])
    func decimalMarks(text: String, decimal: CSVFormat.DecimalMark) throws {
        #expect(try format(text).decimal == decimal)
    }
}
