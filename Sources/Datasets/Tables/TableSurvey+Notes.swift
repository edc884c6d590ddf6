import System

// The remarks of a survey on what it reads.
extension TableSurvey {
    var notes: [DataNote] {
        let columns = columnNotes
        return readingNotes + columns.rowNumbers + columns.constants + codeNotes(columns)
            + columns.dayNumbers + markNotes + groupNotes + columns.precision + textNotes + zeroNotes
            + columns.copies + targetNotes
    }

    var readingNotes: [DataNote] { scan.notes + missingNotes }

    private var numeric: [Int] {
        features.filter { facts[$0].texts == 0 && facts[$0].numbers > 0 && !forced.contains($0) }
    }

    /// The targets that are values.
    private var values: [Int] {
        isClassTarget ? [] : targets.filter { facts[$0].numbers > 0 && facts[$0].texts == 0 }
    }

    private func ignoring(_ columns: [Int]) -> String {
        "to leave \(columns.count == 1 ? "it" : "them") out, set ignore:"
            + " \(json(columns))"
    }

    private var columnNotes: ColumnNotes {
        ColumnNotes(
            path: path, names: names, facts: facts, kinds: names.indices.map(judgement), features: features,
            targets: targets, numbers: numeric, values: values, leavingOut: ignoring,
            otherUse: { "set categorical: \(json($0)) or ignore: \(json($0))" })
    }

    private func json(_ columns: [Int]) -> String { TableMessage.json(columns.map { names[$0] }) }

    // MARK: - Missing cells

    private var missingNotes: [DataNote] {
        let columns = (features + targets).filter { facts[$0].missing > 0 }
        guard !columns.isEmpty else { return [] }
        let counts = columns.prefix(8).map { "`\(names[$0])`: \(TextFormat.grouped(facts[$0].missing))" }
            .joined(separator: ", ")
        var words: [String] = []
        for column in columns {
            words += facts[column].missingWords.strings.filter { !words.contains($0) }
        }
        let written =
            "(\(counts)\(columns.count > 8 ? ", …" : "");"
            + " written \(words.map { $0.isEmpty ? "as nothing" : "`\($0)`" }.joined(separator: ", ")))"
        if rules.missingCells == .drop {
            return [
                DataNote(
                    "rows_with_missing_cells",
                    "\(TextFormat.grouped(scan.rows - kept)) of \(TextFormat.count(scan.rows, "row")) of"
                        + " `\(path)` have missing cells \(written) and are left out")
            ]
        }
        let cells = columns.reduce(0) { $0 + facts[$1].missing }
        return [
            DataNote(
                "filled_cells",
                "\(TextFormat.count(cells, "missing cell")) of `\(path)` \(written)"
                    + " get the mean or the most frequent category of their column")
        ]
    }

    // MARK: - Numbers that may be something else

    private func codeNotes(_ notes: ColumnNotes) -> [DataNote] {
        let codes = numeric.filter { facts[$0].isWhole && 100 * facts[$0].leadingZeros > facts[$0].numbers }
        let phones = numeric.filter { facts[$0].isWhole && 2 * facts[$0].plusNumbers > facts[$0].numbers }
        return notes.doubt(
            "codes", codes, "has numbers that begin with 0, like codes (zip, phone), read as numbers")
            + notes.doubt("phone_numbers", phones, "has long numbers with a plus sign, like phone numbers")
    }

    /// Repeated extreme numbers, which many programs write for a missing value.
    private var markNotes: [DataNote] {
        (numeric + values).flatMap { column in
            facts[column].missingMarks.map { mark in
                DataNote(
                    "missing_marks",
                    "column `\(names[column])` of `\(path)` has `\(mark.spelling)` in"
                        + " \(TextFormat.grouped(mark.count)) of"
                        + " \(TextFormat.count(facts[column].numbers, "cell")), far from its other numbers",
                    cure: "if it stands for a missing value, set"
                        + " \(facts[column].missingLine(with: [mark.spelling]))")
            }
        }
    }

    /// Numbers whose mark may separate thousands.
    private var groupNotes: [DataNote] {
        (numeric + values).filter { facts[$0].groups.isAmbiguous }.map { column in
            let example = facts[column].groups.example
            return DataNote(
                "thousands",
                "column `\(names[column])` of `\(path)` has whole numbers and numbers with three digits"
                    + " behind `\(format.decimal.rawValue)`, which are read as fractions (`\(example)`)",
                cure: "if the mark separates thousands, write numbers without it"
                    + " (`\(example.replacing(format.decimal.rawValue, with: ""))`)")
        }
    }

    // MARK: - Targets

    private var targetNotes: [DataNote] {
        targets.filter { facts[$0].values > 1 && facts[$0].hasOneValue && !hasZeroVariants($0) }.map {
            column in
            let number = facts[column].least
            let example = facts[column].firstText?.text ?? Int(exactly: number).map { "\($0)" } ?? "\(number)"
            return DataNote.constantTarget("column `\(names[column])` of `\(path)`", example)
        }
    }

    // MARK: - Texts

    /// Whether the same number is written with zeros before it and without, and both are names.
    private func hasZeroVariants(_ column: Int) -> Bool {
        let facts = facts[column]
        return facts.leadingZeros > 0 && facts.distinct.isExact && facts.names.count > facts.distinct.count
    }

    private var zeroNotes: [DataNote] {
        (features.filter { forced.contains($0) } + (isClassTarget ? targets : []))
            .filter { facts[$0].texts == 0 && hasZeroVariants($0) }.map { column in
                DataNote(
                    "similar_names",
                    "column `\(names[column])` of `\(path)` has numbers with zeros before them and without,"
                        + " like `01` and `1`, which count as different"
                        + " \(targets.contains(column) ? "classes" : "categories")",
                    cure: "write them in one way if they mean the same")
            }
    }

    private var textNotes: [DataNote] {
        let texts = features.filter { facts[$0].texts > 0 || forced.contains($0) }
        let wide = texts.filter {
            facts[$0].names.count > 50
                || (facts[$0].names.count > 2 && 2 * facts[$0].names.count > facts[$0].texts)
        }
        var notes: [DataNote] = wide.map { column in
            DataNote(
                "many_categories",
                "column `\(names[column])` of `\(path)` becomes"
                    + " \(TextFormat.grouped(facts[column].names.count)) features, one for each of its texts",
                cure: ignoring([column]))
        }
        for column in texts + targets where facts[column].texts > 0 {
            guard let (a, b) = facts[column].similarNames else { continue }
            notes.append(
                SimilarNames.note(
                    a, b, of: "column `\(names[column])` of `\(path)`",
                    as: targets.contains(column) ? "classes" : "categories"))
        }
        return notes
    }
}

extension ColumnFacts {
    /// Two texts that look equal: they differ in case, spaces, invisible characters, or the spelling of
    /// Unicode (é as one character or as two) alone.
    var similarNames: (String, String)? {
        guard names.count <= 1_000 else { return nil }
        return SimilarNames.first(in: names.strings)
    }
}
