import Datasets
import System
import TestSupport
import Testing

@Suite struct TableProfileTests {
    private func profile(_ text: String) throws -> TableProfile {
        let directory = try TemporaryDirectory()
        let path = directory.file("table.csv")
        try File.writeAtomically(text, to: path)
        return try TableProfile(path: path)
    }

    /// The delimiter and the header are found by the first rows.
    @Test(
        arguments: [
            ("a,b\n1,2\n3,4\n", true, CSVFormat.Delimiter.comma, ["a", "b"]),
            ("a;b\n1;2\n3;4\n", true, .semicolon, ["a", "b"]),
            ("a\tb\n1\tx\n3\ty\n", true, .tab, ["a", "b"]),
            ("1,2\n3,4\n5,6\n", false, .comma, ["1", "2"]),
            ("5.1,3.5,Iris\n4.9,3.0,Iris\n4.7,3.2,Rose\n", false, .comma, ["1", "2", "3"]),
            ("0,1,2\n5.1,3.5,7\n4.9,3.0,8\n", true, .comma, ["0", "1", "2"]),
            ("0,1,target\n5.1,3.5,7\n4.9,3.0,8\n", true, .comma, ["0", "1", "target"]),
            ("colour,size\nred,big\nblue,big\nred,small\n", true, .comma, ["colour", "size"]),
            ("red,big\nblue,big\nred,small\n", false, .comma, ["1", "2"]),
            ("note;x\n\"a, b\";1\n\"c, d\";2\n", true, .semicolon, ["note", "x"]),
        ] as [(String, Bool, CSVFormat.Delimiter, [String])])
    func theFormatIsFound(text: String, header: Bool, delimiter: CSVFormat.Delimiter, names: [String]) throws
    {
        let found = try profile(text)
        #expect(found.format.hasHeader == header && found.format.delimiter == delimiter)
        #expect(found.columns.map(\.name) == names)
    }

    @Test func columnsAreCounted() throws {
        let found = try profile("n,x,kind,gap\n1,0.5,a,\n2,0.5,b,3\n3,1.5,a,3\n4,1e9,a,NA\n")
        #expect(found.rows == 4)
        #expect(found.columns[0] == .init("n", numbers: 4, isCounting: true, distinct: 4))
        #expect(found.columns[1] == .init("x", numbers: 4, isWhole: false, distinct: 3))
        #expect(found.columns[2] == .init("kind", texts: 4, isCounting: true, distinct: 2))
        #expect(found.columns[3].missing == 2 && found.columns[3].distinct == 1)
    }
}
