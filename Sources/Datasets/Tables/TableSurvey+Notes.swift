import System

// The remarks of a survey on what it reads.
extension TableSurvey {
    var notes: [DataNote] {
        scan.notes + missingNotes + rowNumberNotes + constantNotes + codeNotes + precisionNotes + textNotes
            + copyNotes
    }

    private var numeric: [Int] {
        features.filter { facts[$0].texts == 0 && facts[$0].numbers > 0 && !forced.contains($0) }
    }

    private func ignoring(_ columns: [Int]) -> String {
        "to leave \(columns.count == 1 ? "it" : "them") out, set ignore:"
            + " \(TableMessage.json(columns.map { names[$0] }))"
    }

    private func listed(_ columns: [Int]) -> String {
        (columns.count == 1 ? "column " : "columns ") + TableMessage.list(columns.map { names[$0] })
    }

    // MARK: - Missing cells

    private var missingNotes: [DataNote] {
        let columns = (features + targets).filter { facts[$0].missing > 0 }
        guard !columns.isEmpty else { return [] }
        let counts = columns.prefix(8).map { "`\(names[$0])`: \(TextFormat.grouped(facts[$0].missing))" }
            .joined(separator: ", ")
        var words: [String] = []
        for column in columns {
            for index in 0..<facts[column].missingWords.count {
                let word = String(decoding: facts[column].missingWords.name(index), as: UTF8.self)
                if !words.contains(word) { words.append(word) }
            }
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

    // MARK: - Columns that say nothing

    private var rowNumberNotes: [DataNote] {
        let counting = features.filter { facts[$0].isRowNumber }
        let keys = features.filter {
            !counting.contains($0) && ColumnName(names[$0], index: $0).isKey && facts[$0].isNearlyUnique
                && facts[$0].isWhole && facts[$0].texts == 0
        }
        var notes: [DataNote] = []
        if !counting.isEmpty {
            notes.append(
                DataNote(
                    "row_number",
                    "\(listed(counting)) of `\(path)` \(counting.count == 1 ? "numbers" : "number") the rows,"
                        + " which a model takes for a feature",
                    cure: ignoring(counting)))
        }
        if !keys.isEmpty {
            notes.append(
                DataNote(
                    "identifier",
                    "\(listed(keys)) of `\(path)` \(keys.count == 1 ? "has" : "have") a different number in"
                        + " nearly every row, like an identifier",
                    cure: ignoring(keys)))
        }
        return notes
    }

    private var constantNotes: [DataNote] {
        let constant = features.filter { facts[$0].isConstant && kept > 1 }
        guard !constant.isEmpty else { return [] }
        return [
            DataNote(
                "constant_column",
                "\(listed(constant)) of `\(path)` \(constant.count == 1 ? "has" : "have") the same value in"
                    + " every row",
                cure: ignoring(constant))
        ]
    }

    // MARK: - Numbers that may be something else

    private var codeNotes: [DataNote] {
        let codes = numeric.filter { facts[$0].isWhole && 100 * facts[$0].leadingZeros > facts[$0].numbers }
        let phones = numeric.filter { facts[$0].isWhole && 2 * facts[$0].plusNumbers > facts[$0].numbers }
        let days = numeric.filter { facts[$0].isWhole && facts[$0].days == facts[$0].numbers }
        return [
            note("codes", codes, "has numbers that begin with 0, like codes (zip, phone), read as numbers"),
            note("phone_numbers", phones, "has long numbers with a plus sign, like phone numbers"),
            note(
                "dates_as_numbers", days,
                "has numbers that look like dates (20240131), between which"
                    + " distances mean little"),
        ].compactMap { $0 }
    }

    private func note(_ kind: String, _ columns: [Int], _ text: String) -> DataNote? {
        guard !columns.isEmpty else { return nil }
        let names = TableMessage.json(columns.map { self.names[$0] })
        return DataNote(
            kind,
            "each of \(listed(columns)) of `\(path)` \(text)".replacing("each of column ", with: "column "),
            cure: "set categorical: \(names) or ignore: \(names)")
    }

    private var precisionNotes: [DataNote] {
        let values: (Int) -> Bool = { facts[$0].numbers > 0 && facts[$0].texts == 0 }
        let shifted = (numeric + targets.filter(values)).filter { facts[$0].offset != 0 }
        let merged = (numeric + targets.filter(values)).filter { facts[$0].mergesNumbers }
        let tiny = numeric.filter { facts[$0].underflows > 0 }
        var notes: [DataNote] = []
        if !shifted.isEmpty {
            let offsets = shifted.prefix(8).map { "`\(names[$0])`: \(facts[$0].offset)" }
            notes.append(
                DataNote(
                    "shifted_numbers",
                    "numbers of `\(path)` lie so far from 0 that 32-bit floats would lose their differences:"
                        + " the middle of the range is subtracted first (\(offsets.joined(separator: ", ")))")
            )
        }
        if !merged.isEmpty {
            notes.append(
                DataNote(
                    "merged_numbers",
                    "\(listed(merged)) of `\(path)` \(merged.count == 1 ? "has" : "have") different numbers"
                        + " that are equal as 32-bit floats",
                    cure: "subtract a number, or check for outliers such as 0 or -1 for a missing value"))
        }
        if !tiny.isEmpty {
            notes.append(
                DataNote(
                    "tiny_numbers",
                    "\(listed(tiny)) of `\(path)` \(tiny.count == 1 ? "has" : "have") numbers so small that"
                        + " they become 0 as 32-bit floats",
                    cure: "multiply \(tiny.count == 1 ? "it" : "them") by a large number"))
        }
        return notes
    }

    // MARK: - Texts

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
                DataNote(
                    "similar_names",
                    "column `\(names[column])` of `\(path)` has both `\(a)` and `\(b)`, which count as"
                        + " different \(targets.contains(column) ? "classes" : "categories")",
                    cure: "write them in one way if they mean the same"))
        }
        return notes
    }

    // MARK: - Copies

    private var copyNotes: [DataNote] {
        var notes: [DataNote] = []
        let varying = (targets + features).filter { !facts[$0].isConstant && kept >= 10 }
        for (place, column) in varying.enumerated() {
            guard let other = varying[..<place].first(where: { facts[$0].sequence == facts[column].sequence })
            else { continue }
            let isTarget = targets.contains(other)
            notes.append(
                DataNote(
                    isTarget ? "target_copy" : "column_copy",
                    "column `\(names[column])` of `\(path)` has the same value as"
                        + " \(isTarget ? "the target " : "")`\(names[other])` in every row",
                    cure: ignoring([column])))
        }
        return notes
    }
}

/// The name of a column, as far as it tells that the column identifies rows.
struct ColumnName {
    /// Whether columns of this name usually number rows or things: `id`, `user_id`, `Unnamed: 0`, `index`.
    let isKey: Bool

    init(_ name: String, index: Int) {
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "#" }
        let keys = [
            "id", "ids", "index", "idx", "uuid", "guid", "key", "row", "rowid", "number", "nr", "no", "#",
        ]
        let last = words.last.map { String($0) } ?? ""
        isKey =
            keys.contains(last) || name.hasPrefix("Unnamed: ") || name == "\(index + 1)" && index == 0
            || name.hasSuffix("Id") || name.hasSuffix("ID")
    }
}

extension ColumnFacts {
    /// Two texts that differ in case and spaces alone.
    var similarNames: (String, String)? {
        guard names.count <= 1_000 else { return nil }
        var known: [String: String] = [:]
        for index in 0..<names.count {
            let name = String(decoding: names.name(index), as: UTF8.self)
            let folded = name.lowercased().split { $0.isWhitespace }.joined(separator: " ")
            if let other = known[folded] { return (other, name) }
            known[folded] = name
        }
        return nil
    }
}
