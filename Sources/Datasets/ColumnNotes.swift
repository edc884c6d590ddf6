/// The remarks on columns of numbers, be they of a table or of an array.
struct ColumnNotes {
    let path: String
    let names: [String]
    let facts: [ColumnFacts]
    let kinds: [ColumnKind]
    let features: [Int]
    var targets: [Int] = []
    /// The features that are numbers.
    let numbers: [Int]
    /// The targets that are numbers.
    var values: [Int] = []
    /// The cure that leaves columns out.
    let leavingOut: ([Int]) -> String
    /// The cures for numbers that mean something else; nil: to leave them out.
    var otherUse: (([Int]) -> String)?

    private func listed(_ columns: [Int]) -> String {
        (columns.count == 1 ? "column " : "columns ") + TableMessage.list(columns.map { names[$0] })
    }

    // MARK: Columns that say nothing

    var rowNumbers: [DataNote] {
        let counting = features.filter { kinds[$0] == .rowNumber }
        let keys = features.filter { kinds[$0] == .identifier && facts[$0].isNearlyUnique }
        let indices = features.filter { kinds[$0] == .identifier && !facts[$0].isNearlyUnique }
        var notes: [DataNote] = []
        if !counting.isEmpty {
            notes.append(
                DataNote(
                    "row_number",
                    "\(listed(counting)) of `\(path)` \(counting.count == 1 ? "numbers" : "number") the rows,"
                        + " which a model takes for a feature",
                    cure: leavingOut(counting)))
        }
        if !keys.isEmpty {
            notes.append(
                DataNote(
                    "identifier",
                    "\(listed(keys)) of `\(path)` \(keys.count == 1 ? "has" : "have") a different number in"
                        + " nearly every row, like an identifier",
                    cure: leavingOut(keys)))
        }
        if !indices.isEmpty {
            notes.append(
                DataNote(
                    "identifier",
                    "\(listed(indices)) of `\(path)` \(indices.count == 1 ? "has" : "have") whole numbers and"
                        + " no name of its own in the header, like the index that pandas writes",
                    cure: leavingOut(indices)))
        }
        return notes
    }

    var constants: [DataNote] {
        let constant = features.filter { facts[$0].isConstant && facts[$0].values > 1 }
        guard !constant.isEmpty else { return [] }
        return [
            DataNote(
                "constant_column",
                "\(listed(constant)) of `\(path)` \(constant.count == 1 ? "has" : "have") the same value in"
                    + " every row",
                cure: leavingOut(constant))
        ]
    }

    var copies: [DataNote] {
        var notes: [DataNote] = []
        var known: [UInt64: Int] = [:]
        for column in targets + features where !facts[column].isConstant && facts[column].cells >= 10 {
            guard let other = known[facts[column].sequence] else {
                known[facts[column].sequence] = column
                continue
            }
            let isTarget = targets.contains(other)
            notes.append(
                DataNote(
                    isTarget ? "target_copy" : "column_copy",
                    "column `\(names[column])` of `\(path)` has the same value as"
                        + " \(isTarget ? "the target " : "")`\(names[other])` in every row",
                    cure: leavingOut([column])))
        }
        return notes
    }

    // MARK: Numbers that may be something else

    var dayNumbers: [DataNote] {
        let days = numbers.filter { facts[$0].isWhole && facts[$0].days == facts[$0].numbers }
        return [
            doubt(
                "dates_as_numbers", days,
                "has numbers that look like dates (20240131), between which distances mean little")
        ].compactMap { $0 }
    }

    func doubt(_ kind: String, _ columns: [Int], _ text: String) -> DataNote? {
        guard !columns.isEmpty else { return nil }
        return DataNote(
            kind,
            "each of \(listed(columns)) of `\(path)` \(text)".replacing("each of column ", with: "column "),
            cure: (otherUse ?? leavingOut)(columns))
    }

    // MARK: Numbers that Floats hold badly

    var precision: [DataNote] {
        let shifted = (numbers + values).filter { facts[$0].offset != 0 }
        let merged = (numbers + values).filter { facts[$0].mergesNumbers }
        let tiny = numbers.filter { facts[$0].underflows > 0 }
        var notes: [DataNote] = []
        if !shifted.isEmpty {
            notes.append(
                Self.shift(path, shifted.prefix(8).map { ("`\(names[$0])`", facts[$0].offset) }))
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

    /// Says that numbers lie far from 0.
    static func shift(_ path: String, _ offsets: [(name: String, offset: Double)]) -> DataNote {
        let listed = offsets.map { "\($0.name): \($0.offset)" }.joined(separator: ", ")
        return DataNote(
            "shifted_numbers",
            "numbers of `\(path)` lie so far from 0 that 32-bit floats would lose their differences:"
                + " the middle of the range is subtracted first (\(listed))")
    }
}
