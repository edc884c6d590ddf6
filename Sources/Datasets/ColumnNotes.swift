import System

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
        (columns.count == 1 ? "column " : "columns ") + TextFormat.list(columns.map { names[$0] })
    }

    /// A remark on columns: "column `a` of `t.csv` has …"; nil for no column.
    /// - Parameter verb: in the singular and in the plural.
    private func note(
        _ kind: String, _ columns: [Int], verb: (String, String) = ("has", "have"), _ text: String,
        cure: @autoclosure () -> String
    ) -> DataNote? {
        guard !columns.isEmpty else { return nil }
        return DataNote(
            kind, "\(listed(columns)) of `\(path)` \(columns.count == 1 ? verb.0 : verb.1) \(text)",
            cure: cure())
    }

    // MARK: Columns that say nothing

    var rowNumbers: [DataNote] {
        let counting = features.filter { kinds[$0] == .rowNumber }
        let keys = features.filter { kinds[$0] == .identifier && facts[$0].isNearlyUnique }
        let indices = features.filter { kinds[$0] == .identifier && !facts[$0].isNearlyUnique }
        return [
            note(
                "row_number", counting, verb: ("numbers", "number"),
                "the rows, which a model takes for a feature",
                cure: leavingOut(counting)),
            note(
                "identifier", keys, "a different number in nearly every row, like an identifier",
                cure: leavingOut(keys)),
            note(
                "identifier", indices,
                "whole numbers and no name of its own in the header, like the index that pandas writes",
                cure: leavingOut(indices)),
        ].compactMap { $0 }
    }

    var constants: [DataNote] {
        let constant = features.filter { facts[$0].isConstant && facts[$0].values > 1 }
        return [
            note("constant_column", constant, "the same value in every row", cure: leavingOut(constant))
        ].compactMap { $0 }
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
        doubt(
            "dates_as_numbers", numbers.filter { facts[$0].isWhole && facts[$0].days == facts[$0].numbers },
            "has numbers that look like dates (20240131), between which distances mean little")
    }

    func doubt(_ kind: String, _ columns: [Int], _ text: String) -> [DataNote] {
        guard !columns.isEmpty else { return [] }
        return [
            DataNote(
                kind, "\(columns.count == 1 ? "" : "each of ")\(listed(columns)) of `\(path)` \(text)",
                cure: (otherUse ?? leavingOut)(columns))
        ]
    }

    // MARK: Numbers that Floats hold badly

    var precision: [DataNote] {
        let shifted = (numbers + values).filter { facts[$0].offset != 0 }
        let merged = (numbers + values).filter { facts[$0].mergesNumbers }
        let tiny = numbers.filter { facts[$0].underflows > 0 }
        let offsets = shifted.map { (name: "`\(names[$0])`", offset: facts[$0].offset) }
        return [
            shifted.isEmpty ? nil : Self.shift(path, offsets),
            note(
                "merged_numbers", merged, "different numbers that are equal as 32-bit floats",
                cure: "subtract a number, or check for outliers such as 0 or -1 for a missing value"),
            note(
                "tiny_numbers", tiny, "numbers so small that they become 0 as 32-bit floats",
                cure: "multiply \(tiny.count == 1 ? "it" : "them") by a large number"),
        ].compactMap { $0 }
    }

    /// Says that numbers lie far from 0.
    static func shift(_ path: String, _ offsets: [(name: String, offset: Double)]) -> DataNote {
        let listed =
            offsets.prefix(8).map { "\($0.name): \($0.offset)" }.joined(separator: ", ")
            + (offsets.count > 8 ? ", …" : "")
        return DataNote(
            "shifted_numbers",
            "numbers of `\(path)` lie so far from 0 that 32-bit floats would lose their differences:"
                + " the middle of the range is subtracted first (\(listed))")
    }
}
