import Datasets
import System
import TestSupport
import Testing

/// The habits of spreadsheets, pandas, R and databases, each with its outcome: a table of kinds, each read
/// rightly with a note, or refused with the line that cures it.
@Suite struct TableKindTests {
    enum Outcome: Sendable {
        /// An error that contains this text.
        case refused(String)
        /// Read, with a note of this kind that contains this text.
        case noted(String, String)
        /// Read without a note: this first row of features.
        case read([Float])
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let format: CSVFormat
        let rules: TableRules
        let outcome: Outcome

        init(
            _ name: String, _ text: String, _ format: CSVFormat, _ rules: TableRules, _ outcome: Outcome
        ) {
            self.name = name
            self.text = text
            self.format = format
            self.rules = rules
            self.outcome = outcome
        }

        init(_ name: String, _ text: String, _ outcome: Outcome) {
            self.init(name, text, CSVFormat(), TableRules(targets: ["y"]), outcome)
        }

        init(_ name: String, _ text: String, _ format: CSVFormat, _ outcome: Outcome) {
            self.init(name, text, format, TableRules(targets: ["y"]), outcome)
        }

        var testDescription: String { name }
    }

    private static let semicolons = CSVFormat(delimiter: .semicolon)
    private static let filled = TableRules(targets: ["y"], missingCells: .mean)

    /// 40 rows with a column `x`, of which `cell` gives the cells, a column `z` and a target of two classes.
    private static func column(_ cell: (Int) -> String) -> String { column(",", cell) }

    private static func column(_ separator: String, _ cell: (Int) -> String) -> String {
        "x,z,y\n".replacing(",", with: separator)
            + (0..<40).map {
                [cell($0), "\($0 * 7 % 11).5", $0 % 3 == 0 ? "no" : "yes"]
                    .joined(separator: separator) + "\n"
            }.joined()
    }

    private static func every(_ step: Int, _ text: String) -> (Int) -> String {
        { $0 % step == 3 % step ? text : "\($0 * 13 % 29).25" }
    }

    // MARK: - Missing cells

    static let missing: [Case] =
        [
            "", "?", "-", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "<NA>",
            ".",
            "\\N", "(null)", "NaT", "1.#QNAN", "#NA",
        ].flatMap { word in
            [
                Case(
                    "`\(word)` without a rule", column(every(10, word)),
                    .refused("the cell is missing (`\(word)`), and so are 3 other cells of the column;")),
                Case(
                    "`\(word)` with a rule", column(every(10, word)), CSVFormat(), filled,
                    .noted("filled_cells", "4 missing cells")),
            ]
        } + [
            Case(
                "half of the cells", column(every(2, "null")), CSVFormat(), filled,
                .noted("filled_cells", "(`x`: 20; written `null`)")),
            Case(
                "rows are left out", column(every(10, "NA")), CSVFormat(),
                TableRules(targets: ["y"], missingCells: .drop),
                .noted("rows_with_missing_cells", "4 of 40 rows of `a.csv` have missing cells (`x`: 4;")),
            Case(
                "a category called None", column { $0 % 4 == 0 ? "None" : "brick" },
                .refused("if `None` is a category, say which cells are missing: missing: [\"\"]")),
            Case(
                "a category called None that is one", column { $0 % 4 == 0 ? "None" : "brick" },
                CSVFormat(missing: [""]), .read([1, 0, 0.5])),
            Case(
                "-999 among the words", column(every(10, "-999")), CSVFormat(missing: ["", "-999"]), filled,
                .noted("filled_cells", "written `-999`")),
            Case(
                "a column without any value", column { _ in "" }, CSVFormat(),
                TableRules(targets: ["y"], missingCells: .drop),
                .refused("no cell is known of `x`: set ignore: [\"x\"]")),
        ]

    // MARK: - Texts among numbers, and instead of them

    static let texts: [Case] =
        [(100, 1), (10, 4), (5, 8), (2, 20)].map { step, count in
            Case(
                "a text in \(count) of 40 cells", column { $0 % step == 3 % step ? "unknown" : "\($0).5" },
                .refused(
                    "line \(step == 2 ? 3 : 5), column `x`: `unknown` is no number, but the column has"
                        + " \(40 - count) numbers and \(TextFormat.count(count, "text")); correct it, or set"
                        + " missing: [\"\", \"unknown\"] if it stands for a missing"
                        + " value; or use `ignore: [\"x\"]`, or `categorical: [\"x\"]`"))
        } + [
            Case(
                "the same in a categorical column", column(every(10, "unknown")), CSVFormat(),
                TableRules(targets: ["y"], categorical: ["x"]),
                .noted("many_categories", "column `x` of `a.csv` becomes 28 features")),
            Case(
                "decimal commas", column(";") { "\($0 * 13 % 29),5" }, semicolons,
                .refused("`0,5` looks like decimal commas: set decimal: \",\"")),
            Case(
                "some decimal commas", column(";") { $0 % 2 == 0 ? "\($0)" : "\($0),5" }, semicolons,
                .refused("it looks like decimal commas: set decimal: \",\"")),
            Case(
                "decimal commas that are known",
                column(";") { "\($0 * 13 % 29),5" }.replacing(".5", with: ",5"),
                CSVFormat(delimiter: .semicolon, decimal: .comma), .read([0.5, 0.5])),
            Case(
                "decimal points under `decimal: \",\"`", column(";") { "\($0 * 13 % 29),5" },
                CSVFormat(delimiter: .semicolon, decimal: .comma),
                .refused("looks like decimal points, but `decimal` is \",\"")),
            Case("percentages", column { "\($0 * 13 % 29).5%" }, .refused("looks like percentages")),
            Case("percentages with a space", column { "\($0 % 7) %" }, .refused("looks like percentages")),
            Case(
                "thousands", column { "\"\($0 + 1),234.5\"" },
                .refused("looks like separators of thousands")),
            Case(
                "thousands with spaces", column { "\($0 + 1) 234" },
                .refused("looks like separators of thousands")),
            Case("dollars", column { "$\($0).50" }, .refused("looks like amounts of money")),
            Case("euros", column { "\($0 % 5).50 €" }, .refused("looks like amounts of money")),
            Case("accountants' negatives", column { "(\($0).50)" }, .refused("looks like amounts of money")),
            Case(
                "a minus sign that is no hyphen", column { $0 % 2 == 0 ? "−\($0)" : "\($0)" },
                .refused("has a minus sign that is no hyphen")),
            Case(
                "ISO dates", column { "2024-01-\($0 % 20 + 10)" }, .refused("`2024-01-10` looks like dates")),
            Case("German dates", column { "\($0 % 20 + 10).01.2024" }, .refused("looks like dates")),
            Case("American dates", column { "1/\($0 % 20 + 10)/24" }, .refused("looks like dates")),
            Case("dates with times", column { "2024-01-02T10:\($0 + 10):00Z" }, .refused("looks like dates")),
            Case("dates in words", column { "\($0 % 20 + 1) Jan 2024" }, .refused("looks like dates")),
            Case("times", column { "12:\($0 + 10)" }, .refused("looks like times")),
            Case("units", column { "\($0).5 kg" }, .refused("has a unit: write numbers alone")),
            Case("few units are categories", column { "\($0 % 3) doors" }, .read([1, 0, 0, 0.5])),
            Case("hexadecimal", column { "0x\($0 + 10)" }, .refused("looks like hexadecimal numbers")),
            Case(
                "a spreadsheet's error", column(every(10, "#DIV/0!")),
                .refused("is the error of a spreadsheet's formula")),
            Case(
                "a spreadsheet's error among texts", column { $0 == 5 ? "#REF!" : "red" },
                .refused("line 7, column `x`: `#REF!` is the error of a spreadsheet's formula")),
            Case(
                "names", column { "name \($0)" },
                .refused(
                    "column `x` of `a.csv` holds 40 different texts in 40 cells (`name 0`, …), too many for"
                        + " categories; use `ignore: [\"x\"]`, or `categorical: [\"x\"]`")),
            Case("telephone numbers", column { "+49 170 55\($0)" }, .refused("40 different texts")),
            Case("versions", column { "v1.2.\($0)" }, .refused("40 different texts")),
            Case(
                "truth values", column { $0 % 2 == 0 ? "TRUE" : "FALSE" }, .read([0, 1, 0.5])),
            Case(
                "truth values and digits", column { $0 % 2 == 0 ? "TRUE" : "0" },
                .refused("it looks like a truth value: write 0 and 1")),
            Case(
                "one word in two ways", column { $0 % 2 == 0 ? "Red" : $0 % 4 == 1 ? "red" : "blue" },
                .noted("similar_names", "has both `Red` and `red`")),
            Case(
                "one word in two spellings of Unicode",
                column { $0 % 2 == 0 ? "Gr\u{FC}n" : $0 % 4 == 1 ? "Gru\u{308}n" : "blau" },
                .noted("similar_names", "in two spellings of Unicode (composed and decomposed)")),
            Case(
                "one word with an invisible character", column { $0 % 2 == 0 ? "red" : "red\u{200B}" },
                .noted("similar_names", "which count as different categories")),
            Case(
                "classes in two spellings of Unicode",
                "x,y\n"
                    + (0..<40).map { "\($0 * 7 % 11).5,\($0 % 2 == 0 ? "caf\u{E9}" : "cafe\u{301}")\n" }
                    .joined(),
                .noted("similar_names", "which count as different classes")),
        ]

    // MARK: - Columns of numbers that mean something else

    static let columns: [Case] = [
        Case(
            "pandas' index", ",z,y\n" + (0..<40).map { "\($0),\($0 * 7 % 11).5,\($0 / 20)\n" }.joined(),
            .noted("row_number", "column `1` of `a.csv` numbers the rows, which a model takes for a")),
        Case(
            "an index called Unnamed", column { "\($0)" }.replacing("x,", with: "Unnamed: 0,"),
            .noted("row_number", "column `Unnamed: 0`")),
        Case("row numbers of any name", column { "\($0 + 1000)" }, .noted("row_number", "column `x`")),
        Case("row numbers in another order", column { "\($0 * 7 % 40)" }, .noted("row_number", "column `x`")),
        Case("row numbers with a point", column { "\($0).0" }, .noted("row_number", "column `x`")),
        Case(
            "identifiers", column { "\($0 * $0 + 90210)" }.replacing("x,", with: "user_id,"),
            .noted("identifier", "column `user_id` of `a.csv` has a different number in nearly every row")),
        Case(
            "a constant", column { _ in "7" },
            .noted("constant_column", "column `x` of `a.csv` has the same value in every row")),
        Case("a constant text", column { _ in "a" }, .noted("constant_column", "column `x`")),
        Case(
            "zip codes", column { "0\($0 * 7 % 10)2\($0 % 4)" },
            .noted("codes", "numbers that begin with 0")),
        Case(
            "telephone numbers", column { "+491\($0 * 37 % 100 + 100)55512" },
            .noted("phone_numbers", "long numbers with a plus sign")),
        Case(
            "dates as numbers", column { "202401\($0 % 20 + 10)" },
            .noted("dates_as_numbers", "column `x` of `a.csv` has numbers that look like dates")),
        Case(
            "a copy of a column", column { "\($0 * 7 % 11).5" },
            .noted("column_copy", "column `z` of `a.csv` has the same value as `x` in every row")),
        Case(
            "a copy of the target", column { $0 % 3 == 0 ? "no" : "yes" },
            .noted("target_copy", "the same value as the target `y` in every row")),
        Case("plus signs", column { "+\($0 * 7 % 13).5" }, .read([0.5, 0.5])),
        Case("exponents", column { "\($0 * 7 % 13 + 1)e-3" }, .read([1e-3, 0.5])),
        Case(
            "infinity", column(every(10, "inf")),
            .refused("`inf` is not a finite number; clean the data, or list it under `missing`")),
        Case("beyond 32-bit floats", column(every(10, "1e39")), .refused("`1e39` is not a finite number")),
        Case(
            "below 32-bit floats", column { "\($0 * 7 % 13 + 1)e-60" },
            .noted("tiny_numbers", "become 0 as 32-bit floats")),
        Case(
            "numbers that 32-bit floats cannot tell apart",
            column { $0 == 0 ? "0" : "\(1_700_000_000 + $0 * $0 % 37)" },
            .noted("merged_numbers", "has different numbers that are equal as 32-bit floats")),
    ]

    // MARK: - The form of the file

    private static func lines(_ header: String, _ separator: String = ",", end: String = "\n") -> String {
        header + end
            + (0..<12).map {
                ["\($0 * 7 % 11).5", "\($0 * 5 % 7)", $0 % 2 == 0 ? "no" : "yes"]
                    .joined(separator: separator) + end
            }.joined()
    }

    static let files: [Case] = [
        Case(
            "a line sep=;", "sep=;\n" + lines("x;z;y", ";"),
            .noted("declared_delimiter", "separated by `;`")),
        Case(
            "semicolons", lines("x;z;y", ";"),
            .refused("`a.csv` has a single column, but its lines have 2 × `;`")),
        Case("tabs", lines("x\tz\ty", "\t"), .refused("set delimiter: \"tab\"")),
        Case("bars", lines("x|z|y", "|"), .refused("set delimiter: \"|\"")),
        Case("bars that are known", lines("x|z|y", "|"), CSVFormat(delimiter: .pipe), .read([0.5, 0])),
        Case("spaces", "x z y\n" + "1 2 0\n1.5 3 1\n2 5 0\n", .refused("set delimiter: \"space\"")),
        Case(
            "spaces that are known", "  x   z y \n" + "  1.0  2   no\n10.5  3 yes  \n",
            CSVFormat(delimiter: .space), .read([1, 2])),
        Case(
            "semicolons and decimal commas", "x;y\n1,5;0\n2,5;1\n",
            .refused("line 2: the row has 2 cells, the first one 1; its lines look separated by `;`")),
        Case(
            "a comment before the header", "# from the lab\n" + lines("x,z,y"),
            .refused("line 1, the header, begins with `#`: if it is a comment, remove such lines")),
        Case(
            "a comment among the rows", lines("x,z,y") + "# end\n",
            .refused("it begins with `#`: if it is a comment")),
        Case("a title", "Measurements\n" + lines("x,z,y"), .refused("line 1 looks like a title")),
        Case(
            "a total", lines("x,z,y") + "total\n",
            .refused("if it is a title, a total or a remark, remove it")),
        Case(
            "NumPy's header", lines("# x,z,y"), .noted("header_comment", "its first column is called `# x`")),
        Case(
            "R's row names",
            lines("x,z,y").split(separator: "\n").enumerated().map {
                $0 == 0 ? "\($1)\n" : "\"r\($0)\",\($1)\n"
            }.joined(),
            .noted("row_names", "as R writes row names: their column, `row.names`, is left out")),
        Case(
            "R's row numbers",
            lines("x,z,y").split(separator: "\n").enumerated().map {
                $0 == 0 ? "\($1)\n" : "\($0),\($1)\n"
            }.joined(), .noted("row_names", "is left out")),
        Case(
            "a name too few", lines("x,y"),
            .refused("the row has 3 cells, the first one 2; the header may lack the name of the first column")
        ),
        Case(
            "a delimiter at the end of each line", lines("x,z,y,", end: ",\n").replacing("y,,", with: "y,"),
            .noted("trailing_delimiter", "the lines of `a.csv` end with a delimiter")),
        Case(
            "a delimiter at the end of each row", lines("x,z,y", end: ",\n").replacing("y,\n", with: "y\n"),
            .noted("trailing_delimiter", "end with a delimiter")),
        Case("another case", lines("x,z,Y"), .refused("has no column `y`, but `Y`: write it so")),
        Case("a space in a name", lines("x,z,\" y\""), .refused("has no column `y`, but ` y`: write it so")),
        Case("a name twice", lines("x,x,y"), .refused("has two columns with the name `x`")),
        Case("a number sign as a name", lines("#,z,y"), .read([0.5, 0])),
        Case(
            "a header of numbers", lines("1.5,2,y").replacing("y", with: "3"), CSVFormat(),
            TableRules(targets: ["3"]), .noted("header_of_numbers", "set header: false")),
        Case(
            "a header without `header`", lines("x,z,y"), CSVFormat(hasHeader: false),
            TableRules(targets: ["3"]), .refused("line 1 looks like a header: set header: true")),
        Case("CRLF", lines("x,z,y", end: "\r\n"), .read([0.5, 0])),
        Case("CR", lines("x,z,y", end: "\r"), .read([0.5, 0])),
        Case("a byte order mark", "\u{FEFF}" + lines("x,z,y"), .read([0.5, 0])),
        Case("line feeds in quotes", lines("\"x\nin m\",z,y"), .read([0.5, 0])),
        Case("quotes in quotes", lines("\"a \"\"b\"\"\",z,y"), .read([0.5, 0])),
    ]

    // MARK: - What other programs write, and what looks like it

    private static func joined(_ end: String = "\n") -> String {
        lines("x,z,y", end: end) + lines("x,z,y", end: end)
    }

    private static let points = CSVFormat(delimiter: .semicolon)
    private static let commas = CSVFormat(delimiter: .semicolon, decimal: .comma)

    static let habits: [Case] = [
        Case(
            "numbers padded in quotes", column { "\"\($0 * 7 % 10 < 5 ? "  " : " ")\($0 * 7 % 13) \"" },
            .read([0, 0.5])),
        Case(
            "missing cells padded in quotes", column(every(10, "\"   NA\"")), CSVFormat(), filled,
            .noted("filled_cells", "4 missing cells")),
        Case(
            "numbers for missing cells, padded", column(every(10, "\" -999\"")),
            CSVFormat(missing: ["", "-999"]),
            filled, .noted("filled_cells", "4 missing cells")),
        Case("texts padded in quotes", column { $0 % 2 == 0 ? "\" red\"" : "blue" }, .read([1, 0, 0.5])),
        Case(
            "German thousands", column(";") { $0 % 3 == 0 ? "\($0 + 1).250" : "\($0 * 17 % 800)" }, points,
            .noted("thousands", "read as fractions (`1.250`); if the mark separates thousands")),
        Case(
            "English thousands under `decimal: \",\"`",
            column(";") { $0 % 3 == 0 ? "\($0 + 1),250" : "\($0 * 17 % 800)" }.replacing(".5", with: ",5"),
            commas,
            .noted("thousands", "read as fractions (`1,250`)")),
        Case(
            "German thousands under `decimal: \",\"`",
            column(";") { $0 % 3 == 0 ? "\($0 + 1).250" : "\($0 * 17 % 800)" }.replacing(".5;", with: ",5;"),
            commas,
            .refused("it looks like separators of thousands: write numbers without them, or correct")),
        Case(
            "fractions of one digit", column(";") { $0 % 3 == 0 ? "1.5" : "\($0 * 17 % 80)" }, points,
            .read([1.5])),
        Case(
            "fractions of several digits", column(";") { $0 % 3 == 0 ? "2.25" : "\($0 * 17 % 80 + 1).125" },
            points,
            .read([2.25])),
        Case(
            "fractions below 1", column(";") { $0 % 2 == 0 ? "0.125" : "\($0 * 17 % 80)" }, points,
            .read([0.125])),
        Case(
            "fractions that all have three digits", column(";") { "\($0 * 17 % 31 + 1).125" }, points,
            .read([1.125])),
        Case(
            "great numbers without marks", column(";") { $0 % 3 == 0 ? "1.250" : "\($0 * 17 % 31 + 1234)" },
            points,
            .read([1.25])),
        Case(
            "Indian thousands", column { "\"\($0 % 3 + 1),23,456\"" },
            .refused("looks like separators of thousands")),
        Case(
            "a spreadsheet's texts", column { "=\"\($0 % 3)\"" },
            .refused("has other signs around a number")),
        Case("an apostrophe", column { "'\($0 % 3)" }, .refused("has other signs around a number")),
        Case(
            "Fortran's exponents", column { "1.\($0 % 3)D+01" }, .refused("has other signs around a number")),
        Case("tensors", column { "tensor(\($0 % 3).)" }, .refused("has other signs around a number")),
        Case("Python's bytes", column { "b'\($0 % 3)'" }, .refused("has other signs around a number")),
        Case("lists of one", column { "[\($0 % 3).5]" }, .refused("has other signs around a number")),
        Case("numbers in apostrophes are texts", column { "'\($0 % 2)'" }, .read([1, 0, 0.5])),
        Case("words in brackets", column { $0 % 2 == 0 ? "[a]" : "b'x'" }, .read([1, 0, 0.5])),
        Case("codes with a letter", column { $0 % 2 == 0 ? "1D" : "2D" }, .read([1, 0, 0.5])),
        Case(
            "-999 for a missing value", column(every(4, "-999")),
            .noted(
                "missing_marks",
                "`-999` in 10 of 40 cells, far from its other numbers; if it stands for a missing")),
        Case(
            "the cure for -999", column(every(4, "-999.0")),
            .noted("missing_marks", "set missing: [\"\", \"-999.0\"]")),
        Case(
            "9999 for a missing value", column(every(4, "9999")),
            .noted("missing_marks", "`9999` in 10 of 40")),
        Case("NetCDF's filling", column(every(4, "9.96921e+36")), .noted("missing_marks", "`9.96921e+36`")),
        Case("1e20 for a missing value", column(every(4, "1e20")), .noted("missing_marks", "`1e20`")),
        Case("99 among numbers up to 98", column { $0 % 5 == 0 ? "99" : "\($0 * 37 % 98).5" }, .read([99])),
        Case("a single outlier", column { $0 == 0 ? "9999" : "\($0 * 13 % 29).25" }, .read([9999])),
        Case("a repeated outlier of another form", column(every(4, "4321")), .read([0.25])),
        Case("-1 for no", column { $0 % 2 == 0 ? "-1" : "\($0 * 13 % 29)" }, .read([-1])),
        Case("a repeated header", joined(), .refused("line 14 repeats the header")),
        Case("a repeated header, CRLF", joined("\r\n"), .refused("line 14 repeats the header")),
        Case(
            "a repeated header of numbers",
            lines("x,z,y").replacing("no", with: "0").replacing("yes", with: "1")
                + lines("x,z,y").replacing("no", with: "0").replacing("yes", with: "1"),
            .refused("line 14 repeats the header")),
        Case(
            "a name of a column as a class", column { "\($0 * 7 % 13).5" }.replacing("yes", with: "y"),
            .read([0.5])),
        Case(
            "a blank name with repeats", column { "\($0 % 20)" }.replacing("x,z", with: ",z"),
            .noted("identifier", "column `1` of `a.csv` has whole numbers and no name")),
        Case(
            "Unnamed with repeats", column { "\($0 % 20)" }.replacing("x,z", with: "Unnamed: 0,z"),
            .noted("identifier", "column `Unnamed: 0`")),
        Case(
            "columns called by numbers", column { "\($0 % 20)" }.replacing("x,z", with: "1,2"),
            .read([0, 0.5])),
        Case(
            "a number in capitals", column { "\($0 * $0 + 90210)" }.replacing("x,", with: "PassengerNo,"),
            .noted("identifier", "column `PassengerNo`")),
        Case(
            "customers' numbers", column { "\($0 * $0 + 90210)" }.replacing("x,", with: "customerNumber,"),
            .noted("identifier", "column `customerNumber`")),
        Case(
            "observations with gaps", column { "\($0 * 3 / 2 + 1)" }.replacing("x,", with: "obs,"),
            .noted("identifier", "column `obs`")),
        Case(
            "a name that ends like a key", column { "\($0 * $0 + 90210)" }.replacing("x,", with: "volcano,"),
            .read([90210])),
        Case(
            "categories with zeros before them", column { $0 % 2 == 0 ? "01" : "1" }, CSVFormat(),
            TableRules(targets: ["y"], categorical: ["x"]),
            .noted("similar_names", "like `01` and `1`, which count as different categories")),
        Case(
            "large whole numbers as classes",
            "x,y\n" + (0..<40).map { "\($0 * 7 % 11).5,\(1_700_000_001 + $0 % 3)\n" }.joined(), CSVFormat(),
            TableRules(targets: ["y"], task: .classification), .read([0.5])),
        Case(
            "classes with zeros before them",
            "x,y\n" + (0..<40).map { "\($0 * 7 % 11).5,\(["1", "01", "001"][$0 % 3])\n" }.joined(),
            .noted("similar_names", "which count as different classes")),
        Case(
            "a single class", column { "\($0 * 7 % 13).5" }.replacing("yes", with: "no"),
            .noted("constant_target", "column `y` of `a.csv` has the same target, `no`, for every sample")),
        Case(
            "a single value", "x,y\n" + (0..<40).map { "\($0 * 7 % 11).5,2.5\n" }.joined(),
            .noted("constant_target", "the same target, `2.5`")),
    ]

    /// Codes with zeros before them are classes of their own.
    @Test func codesAreClasses() throws {
        let directory = try TemporaryDirectory()
        func classes(_ cells: [String]) throws -> [String]? {
            let text = "x,y\n" + (0..<30).map { "\($0 * 7 % 11).5,\(cells[$0 % cells.count])\n" }.joined()
            let path = try directory.write("a.csv", text)
            return try Dataset.csv(path: path, format: CSVFormat(), rules: TableRules(targets: ["y"])).dataset
                .classNames
        }
        #expect(try classes(["00", "01", "10"]) == ["00", "01", "10"])
        #expect(try classes(["1", "01", "001"]) == ["001", "01", "1"])
        #expect(try classes(["1", "1.0", "2"]) == ["1", "2"])
        #expect(try classes(["\" 1\"", "1", "2"]) == ["1", "2"])
        // A column of two categories is not constant, though both are the number 1.
        let categories = try Dataset.csv(
            path: directory.write(
                "b.csv",
                "c,y\n"
                    + (0..<20).map { "\($0 % 2 == 0 ? "01" : "1"),\($0 % 3 > 0 ? "a" : "b")\n" }.joined()),
            format: CSVFormat(), rules: TableRules(targets: ["y"], categorical: ["c"]))
        #expect(categories.encoding.width == 2 && !categories.notes.contains { $0.kind == "constant_column" })
    }

    @Test(arguments: missing + texts + columns + files + habits) func everyKindHasItsOutcome(_ example: Case)
        throws
    {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a.csv", example.text)
        var result: (dataset: Dataset, encoding: TableEncoding, notes: [DataNote])?
        let message = complaint(in: directory) {
            result = try Dataset.csv(path: path, format: example.format, rules: example.rules)
        }
        switch example.outcome {
        case .refused(let text): #expect(message.contains(text), "\(message)")
        case .noted(let kind, let text):
            let notes = try #require(result, "\(message)").notes
            let sentences = notes.map {
                "\($0.kind): \($0.sentence)".replacing(directory.path + "/", with: "")
            }
            #expect(
                sentences.contains { $0.hasPrefix(kind + ": ") && $0.contains(text) }, "\(sentences)")
        case .read(let row):
            let (dataset, encoding, notes) = try #require(result, "\(message)")
            #expect(Array(dataset.rows.prefix(row.count)) == row)
            #expect(notes == [])
            // The same file is read as new data.
            let again = try Dataset.csv(path: path, format: example.format, encoding: encoding)
            #expect(again.contentHash() == dataset.contentHash())
        }
    }

    // MARK: - Targets

    @Test func targetsOfEveryKind() throws {
        let directory = try TemporaryDirectory()
        func outcome(_ usual: TableRules.Task?, _ cell: (Int) -> String) throws -> String {
            let text = "x,y\n" + (0..<60).map { "\($0 * 7 % 11).5,\(cell($0))\n" }.joined()
            let path = try directory.write("a.csv", text)
            var rules = TableRules(targets: ["y"])
            rules.usualTask = usual
            var targets = ""
            let message = complaint(in: directory) {
                targets =
                    "\(try Dataset.csv(path: path, format: CSVFormat(), rules: rules).dataset.form.targets)"
            }
            return targets.isEmpty ? message : targets
        }
        let none: TableRules.Task? = nil
        #expect(try outcome(.regression) { "\($0 % 6 + 3)" } == "values(width: 1)")
        #expect(try outcome(none) { "\($0 % 3 + 3)" } == #"classes(["3", "4", "5"])"#)
        #expect(try outcome(.classification) { "\($0 % 30)" }.hasPrefix("classes"))
        #expect(try outcome(.classification) { "\($0 % 30).5" } == "values(width: 1)")
        #expect(try outcome(.classification) { "\($0)" } == "values(width: 1)")
        #expect(try outcome(none) { "\($0 % 30)" } == "values(width: 1)")
        #expect(try outcome(.regression) { $0 % 2 == 0 ? "low" : "high" } == #"classes(["high", "low"])"#)
        #expect(try outcome(none) { $0 % 2 == 0 ? "TRUE" : "FALSE" } == #"classes(["FALSE", "TRUE"])"#)
        #expect(try outcome(none) { $0 % 2 == 0 ? "yes" : "no" } == #"classes(["no", "yes"])"#)
        #expect(try outcome(.classification) { "\($0 % 2).0" } == #"classes(["0", "1"])"#)
        #expect(try outcome(none) { "\($0 % 9).5%" }.contains("looks like percentages"))
        #expect(try outcome(.regression) { "\"\($0),5\"" }.contains("looks like decimal commas"))
        #expect(try outcome(.regression) { "2024-01-\($0 % 20 + 10)" }.contains("looks like dates"))
        #expect(
            try outcome(.classification) { $0 == 7 ? "3+" : "\($0 % 3)" }.contains(
                "`3+` is no number, but the column has 59 numbers and 1 text"))
        #expect(try outcome(none) { "name \($0)" }.contains("60 different texts in 60 cells"))
        #expect(try outcome(none) { $0 == 5 ? "nan" : "1" }.contains("the target is missing (`nan`)"))
    }

    // MARK: - UTF-16, and what is no text

    @Test func encodingsOfText() throws {
        let directory = try TemporaryDirectory()
        let text = "größe,y\n1.5,no\n2.5,yes\n😀,no\n"
        func message(_ bytes: [UInt8]) throws -> String {
            try File.writeAtomically(bytes, to: directory.file("a.csv"))
            return complaint(in: directory) {
                let rules = TableRules(targets: ["y"], categorical: ["größe"])
                let (_, encoding, _) = try Dataset.csv(
                    path: directory.file("a.csv"), format: CSVFormat(), rules: rules)
                throw DatasetError("\(encoding.featureNames)")
            }
        }
        let expected = #"["größe=1.5", "größe=2.5", "größe=😀"]"#
        let units = Array(text.utf16)
        let little = units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        #expect(try message(Array(text.utf8)) == expected)
        #expect(try message([0xFF, 0xFE] + little) == expected)
        #expect(try message([0xFE, 0xFF] + big) == expected)
        #expect(try message([0xFF, 0xFE] + little.dropLast()).contains("ends within a character"))
        #expect(
            try message(little).contains("it holds a zero byte, so it is no text in UTF-8 (text in UTF-16"))
        #expect(try message([0xFF, 0xFE, 0, 0, 65, 0, 0, 0]).contains("is text in UTF-32"))
        let latin = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        #expect(try message(latin).contains("iconv -f WINDOWS-1252 -t UTF-8"))
    }

    // MARK: - Spellings of Unicode

    /// Two spellings of a word are two classes and two categories, each with its own samples.
    @Test func spellingsOfUnicodeStayApart() throws {
        let directory = try TemporaryDirectory()
        func table(_ word: String) -> String {
            "x,y\n"
                + (0..<30).map { $0 % 3 == 0 ? "\(word),\(word)\n" : "cafe\u{301},cafe\u{301}\n" }.joined()
        }
        let (dataset, encoding, _) = try Dataset.csv(
            path: directory.write("a.csv", table("caf\u{E9}")), format: CSVFormat(),
            rules: TableRules(targets: ["y"]))
        #expect(dataset.classNames?.map { $0.utf8.count } == [6, 5])
        #expect(dataset.labels.count { $0 == 1 } == 10 && dataset.sampleShape == [2])
        #expect(Array(dataset.rows.prefix(4)) == [0, 1, 1, 0])
        #expect(encoding.width == 2)
        // A table in the other spelling is refused with the cause.
        let single = try Dataset.csv(
            path: directory.write("b.csv", table("tea")), format: CSVFormat(),
            rules: TableRules(targets: ["y"])
        ).encoding
        let message = complaint(in: directory) {
            _ = try Dataset.csv(
                path: try directory.write("c.csv", "x,y\ncaf\u{E9},tea\n"), format: CSVFormat(),
                encoding: single)
        }
        #expect(message.contains("but have it in another spelling of Unicode"), "\(message)")
    }

    // MARK: - Numbers far from 0

    /// The differences of large numbers reach the features, and those of targets the targets.
    @Test func differencesOfLargeNumbersAreKept() throws {
        let directory = try TemporaryDirectory()
        func read(_ cell: (Int) -> String) throws -> (features: [Float], targets: [Float], notes: [DataNote])
        {
            let text = "x,y\n" + (0..<64).map { "\(cell($0)),\(cell(63 - $0))\n" }.joined()
            let result = try Dataset.csv(
                path: directory.write("a.csv", text), format: CSVFormat(),
                rules: TableRules(targets: ["y"], task: .regression))
            return (result.dataset.rows, Array(result.dataset.values), result.notes)
        }
        let far = try read { "\(1_700_000_000 + $0)" }
        #expect(far.features == (0..<64).map { Float($0) - 31.5 })
        #expect(far.targets == far.features.reversed())
        #expect(far.notes.contains { $0.kind == "shifted_numbers" && $0.text.contains("`x`: 1700000031.5") })
        #expect(try read { "\(-1e12 + 0.25 * Double($0))" }.features[63] == 7.875)
        #expect(try read { "\(10_000_000_000_000 + $0)" }.features[0] == -31.5)
        // Numbers that are exact as floats stay as they are.
        #expect(try read { "\(1_700_000_000 + 128 * $0)" }.features[1] == 1_700_000_128)
        #expect(try read { "\($0).5" }.features[1] == 1.5)
        // So do numbers that are inexact and spread widely.
        #expect(try read { "\($0).1" }.features[1] == 1.1)
    }
}
