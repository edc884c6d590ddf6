import Datasets
import System
import TestSupport
import Testing

@Suite struct CSVTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func read(
        _ text: String, _ rules: TableRules = TableRules(), _ format: CSVFormat = CSVFormat()
    ) throws -> (dataset: Dataset, encoding: TableEncoding, notes: [DataNote]) {
        try Dataset.csv(path: directory.write("a.csv", text), format: format, rules: rules)
    }

    private func message(
        _ text: String, _ rules: TableRules = TableRules(), _ format: CSVFormat = CSVFormat()
    ) -> String {
        complaint(in: directory) { _ = try read(text, rules, format) }
    }

    /// A text among numbers is a mistake, unless the rules call the column categorical.
    @Test func aTextAmongNumbersIsNoCategory() throws {
        func table(_ numbers: Int) -> String {
            "x,y\nabc,0.5\n" + (0..<numbers).map { "\($0),1.5\n" }.joined()
        }
        for count in [1, 2, 9, 10] {
            let numbers = TextFormat.count(count, "number")
            #expect(
                message(table(count), TableRules(targets: ["y"])).contains(
                    "line 2, column `x`: `abc` is no number, but the column has \(numbers) and 1 text;"))
        }
        #expect(try read(table(10), TableRules(targets: ["y"], categorical: ["x"])).dataset.sampleSize == 11)
    }

    /// Every spelling gives the double that Python reads.
    @Test func numbersAreTheNearestDoubles() throws {
        let lines = String(decoding: try ReaderFixtures.bytes("numbers.txt"), as: UTF8.self).split(
            separator: "\n")
        #expect(lines.count > 300)
        for line in lines {
            let parts = line.split(separator: " ")
            var text = Array(parts[0].utf8)
            let value = text.withUnsafeMutableBufferPointer { DecimalNumber.parse(UnsafeBufferPointer($0)) }
            #expect(value?.bitPattern == UInt64(parts[1], radix: 16), "\(parts[0])")
        }
        for text in ["", "-", ".", "1e", "1e+", "1 2", "0x10", "1,5", "1f", "e5", "--1", "infinit"] {
            var bytes = Array(text.utf8)
            #expect(
                bytes.withUnsafeMutableBufferPointer { DecimalNumber.parse(UnsafeBufferPointer($0)) } == nil,
                "\(text)")
        }
    }

    /// Means, most frequent categories, one-hot columns and classes are those that NumPy computes.
    @Test(arguments: [TableRules.MissingCells.mean, .drop]) func aTableWithEverything(
        missing: TableRules.MissingCells
    ) throws {
        let rules = TableRules(
            targets: ["label"], categorical: ["zip"], ignored: ["id"], missingCells: missing)
        let (dataset, encoding, _) = try Dataset.csv(
            path: ReaderFixtures.path("table.csv"), format: CSVFormat(), rules: rules)
        #expect(dataset.rows == (try ReaderFixtures.floats("table-\(missing.rawValue).f32")))
        #expect(
            dataset.labels.map { UInt8($0) } == (try ReaderFixtures.bytes("table-\(missing.rawValue).u8")))
        #expect(dataset.classNames == ["Maybe", "no", "yes"])
        #expect(
            encoding.featureNames == [
                "age", "income", "city= padded ", "city=Bern", "city=Köln, Süd", "city=Old \"Town\"",
                "city=two\nlines", "zip=01234",
                "zip=1234", "zip=99999",
            ])
        // The same file is read as new data, with and without its target.
        let again = try Dataset.csv(
            path: ReaderFixtures.path("table.csv"), format: encoding.format, encoding: encoding)
        #expect(again.contentHash() == dataset.contentHash())
    }

    @Test func delimitersLineEndsAndMissingHeaders() throws {
        let expected: [Float] = [1, 2, 3, 4]
        for (text, format) in [
            ("a,b\n1,2\n3,4", CSVFormat()), ("a;b\r\n1;2\r\n\r\n3;4\r\n", CSVFormat(delimiter: .semicolon)),
            ("a\tb\r1\t2\r3\t4\r", CSVFormat(delimiter: .tab)), ("1,2\n3,4\n", CSVFormat(hasHeader: false)),
            ("\"a\",\"b\"\n \"1\" , 2\n3,\"4\"", CSVFormat()),
        ] {
            let (dataset, encoding, _) = try read(text, TableRules(), format)
            #expect(dataset.rows == expected, "\(text)")
            #expect(dataset.form.targets == .absent)
            #expect(encoding.columns.map(\.name) == (format.hasHeader ? ["a", "b"] : ["1", "2"]))
        }
    }

    @Test func whichTargetsAreClasses() throws {
        func targets(_ cells: [String], _ task: TableRules.Task? = nil) throws -> Targets {
            let text = "x,y\n" + cells.map { "1,\($0)\n" }.joined()
            return try read(text, TableRules(targets: ["y"], task: task)).dataset.form.targets
        }
        #expect(try targets(["1", "10", "2", "2.0"]) == .classes(["1", "2", "10"]))
        #expect(try targets(["1", "1.5"]) == .values(width: 1))
        #expect(try targets((0...20).map { "\($0)" }) == .values(width: 1))
        #expect(try targets((1...20).map { "\($0)" }) == .numberedFrom1)
        #expect(try targets(["b", "a", "b"]) == .classes(["a", "b"]))
        #expect(try targets(["0", "1"], .regression) == .values(width: 1))
        #expect(try targets(["0.5", "1"], .classification) == .classes(["0.5", "1"]))
        let several = try read("x,y,z\n1,0,1\n2,1,0\n", TableRules(targets: ["z", "y"])).dataset
        #expect(several.form.targets == .values(width: 2))
        #expect(Array(several.values) == [1, 0, 0, 1])
        #expect(several.rows == [1, 2])
    }

    /// Columns of new data are found by name. Means and categories are those of the training data.
    @Test func newDataAreEncodedAsTheTrainingDataWere() throws {
        let rules = TableRules(targets: ["y"], missingCells: .mean)
        let (_, encoding, _) = try read("a,c,y\n1,red,no\n3,blue,yes\n,blue,no\n", rules)
        func encode(_ text: String, requiresTargets: Bool = true) throws -> Dataset {
            try Dataset.csv(
                path: directory.write("b.csv", text), format: CSVFormat(), encoding: encoding,
                requiresTargets: requiresTargets)
        }
        let other = try encode("y,extra,c,a\nyes,7,red,5\nno,8,NA,\n")
        #expect(other.rows == [5, 0, 1, 2, 1, 0])
        #expect(Array(other.labels) == [1, 0])
        let unlabelled = try encode("a,c\n9,blue\n", requiresTargets: false)
        #expect(unlabelled.rows == [9, 1, 0])
        #expect(unlabelled.form.targets == .absent)
        #expect(
            complaint(in: directory) { _ = try encode("a,c,y\n1,green,no\n") }
                == "`b.csv`, line 2, column `c` (sample 0): the training data do not have the category"
                + " `green`; correct it, or train with it"
        )
        #expect(
            complaint(in: directory) { _ = try encode("a,c,y\n1,red,perhaps\n") }.contains(
                "do not have the class `perhaps`"))
        #expect(
            complaint(in: directory) { _ = try encode("a,c,y\nx,red,no\n") }.contains(
                "`x` is no number, as the training data have"))
        #expect(
            complaint(in: directory) { _ = try encode("a,c\n1,red\n") }
                == "`b.csv` has no column `y`; its columns are `a`, `c`")
    }

    @Test func whatIsWrongIsNamedWithItsPlace() {
        let rules = TableRules(targets: ["y"])
        #expect(
            message("x,y\n1,2.5\n3\n")
                == "`a.csv`, line 3: the row has 1 cell, the first one 2;"
                + " if it is a title, a total or a remark, remove it"
        )
        #expect(
            message("x,y\n\"1\n2\",3\n4,5,6\n").hasPrefix(
                "`a.csv`, line 4: the row has 3 cells, the first one 2;"))
        #expect(
            message("x,y\n1,2.5\nNA,3\n", rules)
                == "`a.csv`, line 3, column `x` (sample 1): the cell is missing (`NA`); complete it,"
                + " or say what to do: on_missing: \"mean\" or \"drop\""
        )
        #expect(
            message("x,y\n1,?\n", TableRules(targets: ["y"], missingCells: .mean)).contains(
                "line 2, column `y` (sample 0): the target is missing"))
        for cell in ["inf", "-Infinity", "1e39", "1e999"] {
            #expect(
                message("x,y\n1,2.5\n\(cell),3\n", rules)
                    == "`a.csv`, line 3, column `x` (sample 1): `\(cell)` is not a finite number;"
                    + " clean the data, or list it under `missing`"
            )
        }
        #expect(
            message("x,y\n1,2\n", TableRules(targets: ["z"]))
                == "`a.csv` has no column `z`; its columns are `x`, `y`")
        #expect(message("x,x\n1,2\n").hasPrefix("`a.csv` has two columns with the name `x`;"))
        #expect(message("y\n2\n", rules).hasPrefix("`a.csv` has no column left for features"))
        #expect(
            message("x,y\n1,one\n", TableRules(targets: ["y"], task: .regression)).contains(
                "line 2, column `y`: `one` is no number"))
        #expect(
            message("x,y\n,2\n", TableRules(missingCells: .drop)).hasPrefix("`a.csv` has no complete sample;")
        )
        #expect(
            message("x,y\n,2\n", TableRules(missingCells: .mean)).hasPrefix(
                "column `x` of `a.csv` has no value in any sample;"))
        #expect(message("").hasPrefix("`a.csv` is empty;"))
        #expect(message("x,y\n").contains("has no complete sample"))
        let names = (0...1_000).map { "v\($0)\n" }.joined()
        let many = "x\n" + names + names + names
        #expect(
            message(many)
                == "column `x` of `a.csv` has more than 1,000 categories (its first cell that is no number is"
                + " `v0` in line 2); correct it, or list it under `ignore`")
    }

    /// Whole numbers beyond the precision of a double are names like any others.
    @Test func classesThatAreLongNumbers() throws {
        let rules = TableRules(targets: ["y"], task: .classification)
        let (dataset, encoding, _) = try read("x,y\n1,99999999999999999\n2,+99999999999999999\n3,7\n", rules)
        #expect(
            encoding.target == .classes(column: "y", names: ["+99999999999999999", "7", "99999999999999999"]))
        #expect(Array(dataset.labels) == [2, 0, 1])
        #expect(try read("x,y\n1,10\n2,2.0\n3,9\n", rules).dataset.classNames == ["2", "9", "10"])
    }

    @Test func namesAreShort() throws {
        let name = String(repeating: "n", count: 1_000)
        #expect(try read("x\n\(name)\na\n").dataset.sampleSize == 2)
        #expect(
            message("x\n\(name)n\na\n")
                == "`a.csv`, line 2, column `x` (sample 0): the cell has 1,001 bytes,"
                + " at most 1000 make a name; correct it, or list the column under `ignore`"
        )
    }

    /// A few megabytes of names would become a terabyte of zeros and ones.
    @Test func categoriesThatMakeTooMuch() throws {
        let names = (0..<1_000).map { "n\($0)" }
        let columns = (0..<1_000).map {
            TableEncoding.Column(name: "c\($0)", kind: .categories(names, fill: nil))
        }
        let encoding = TableEncoding(
            format: CSVFormat(), missingCells: .error, columns: columns, target: .absent)
        try encoding.checkSize(samples: 10, of: "a.csv")
        let message = complaint(in: directory) { try encoding.checkSize(samples: 1_000_000, of: "a.csv") }
        #expect(
            message.hasPrefix(
                "`a.csv` makes 1,000,000 features of each of 1,000,000 samples or more,"
                    + " which take more than half of the memory ("
            ))
    }

    @Test func hostileTextEndsInASentence() throws {
        #expect(
            message("x,y\n1,\"2\n3,4\n").hasPrefix(
                "`a.csv`, line 2, column 2: the quote that opens in line 2 is never closed;"))
        #expect(
            message("x,y\n1,\"2\"3\n").hasPrefix("`a.csv`, line 2, column 2: text follows the closing quote"))
        #expect(message("x,y\n1,2\u{0}\n").hasPrefix("`a.csv`, line 2, column 2: it holds a zero byte"))
        try File.writeAtomically([0x78, 0x0A, 0xFF, 0x0A], to: directory.file("b.csv"))
        let notUTF8 = complaint(in: directory) {
            _ = try Dataset.csv(path: directory.file("b.csv"), format: CSVFormat(), rules: TableRules())
        }
        #expect(notUTF8.hasPrefix("`b.csv`, line 2, column 1: the cell is not text in UTF-8"))
        // Every prefix of a valid file is read, or refused with a sentence.
        let whole = try ReaderFixtures.bytes("table.csv")
        for count in stride(from: 0, to: whole.count, by: 7) {
            try File.writeAtomically(Array(whole[..<count]), to: directory.file("cut.csv"))
            _ = complaint(in: directory) {
                _ = try Dataset.csv(
                    path: directory.file("cut.csv"), format: CSVFormat(),
                    rules: TableRules(targets: ["label"]))
            }
        }
    }
}

extension Targets {
    fileprivate static var numberedFrom1: Targets { .classes((1...20).map { "\($0)" }) }
}
