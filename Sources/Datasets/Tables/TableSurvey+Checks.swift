import System

// A survey refuses what would be read wrongly: missing cells without a rule, and texts that are
// hardly meant as categories.
extension TableSurvey {
    /// Refuses missing cells without a rule, and a table without samples.
    func requireCells() throws {
        guard scan.rows > 0 else {
            throw DatasetError(
                "`\(path)` has no complete sample; give a table with data, or another `on_missing`")
        }
        if rules.missingCells != .drop, let column = targets.first(where: { facts[$0].missing > 0 }),
            let place = facts[column].firstMissing
        {
            throw place.fault(
                "the target is missing (`\(place.text)`)\(others(column)); complete it,"
                    + " or leave such samples out with on_missing: \"drop\"")
        }
        guard kept > 0 else {
            let empty = features.filter { facts[$0].missing == scan.rows }.map { names[$0] }
            throw DatasetError(
                "`\(path)` has no complete sample; "
                    + (empty.isEmpty
                        ? "give a table with data, or another `on_missing`"
                        : "no cell is known of \(TextFormat.list(empty)):"
                            + " set ignore: \(TableMessage.json(empty))"))
        }
        guard rules.missingCells == .error else { return }
        let places = features.compactMap { column in facts[column].firstMissing.map { (column, $0) } }
        guard let (column, place) = places.min(by: { $0.1.line < $1.1.line }) else { return }
        let isCategory = facts[column].texts > 0 && !place.text.isEmpty
        throw place.fault(
            "the cell is missing (`\(place.text)`)\(others(column)); complete it, or say what to do:"
                + " on_missing: \"mean\" or \"drop\""
                + (isCategory
                    ? "; if `\(place.text)` is a category, say which cells are missing: missing: [\"\"]" : "")
        )
    }

    private func others(_ column: Int) -> String {
        let count = facts[column].missing - 1
        return count == 0
            ? ""
            : ", and so \(count == 1 ? "is" : "are") \(TextFormat.count(count, "other cell")) of the column"
    }

    /// Refuses texts that would hardly make sense as categories: among numbers, of a look that says what they
    /// are, or nearly all different.
    func requireDeliberateTexts(_ column: Int, isTarget: Bool) throws {
        let facts = facts[column]
        guard let text = facts.firstText else { return }
        let purpose = isTarget ? "`task: \"classification\"` if they are classes" : deliberate(column)
        if facts.numbers > 0 {
            throw DatasetError(
                "`\(path)`, line \(text.line), column `\(names[column])`: `\(text.text)` is no number,"
                    + " but the column has \(TextFormat.count(facts.numbers, "number")) and"
                    + " \(TextFormat.count(facts.texts, "text")); "
                    + "\(mixedCure(facts, text)); or use \(purpose)")
        }
        let look = facts.mainLook
        if refuses(look, facts), let cure = TableMessage.cure(look) {
            let place = facts.firstOfLook[look] ?? text
            throw DatasetError(
                "`\(path)`, line \(place.line), column `\(names[column])`: `\(place.text)` \(cure);"
                    + " or use \(purpose)")
        }
        if let place = facts.firstOfLook[.spreadsheetError], let cure = TableMessage.cure(.spreadsheetError) {
            throw DatasetError(
                "`\(path)`, line \(place.line), column `\(names[column])`: `\(place.text)` \(cure),"
                    + " or list it under `missing`; or use \(purpose)")
        }
        guard facts.distinct.count > ColumnFacts.fewTexts, 2 * facts.distinct.count > facts.texts else {
            return
        }
        throw DatasetError(
            "column `\(names[column])` of `\(path)` holds \(about(facts.distinct)) different texts in"
                + " \(TextFormat.count(facts.texts, "cell")) (`\(text.text)`, …), too many for"
                + " \(isTarget ? "classes" : "categories"); use \(purpose)")
    }

    private func deliberate(_ column: Int) -> String {
        let name = TableMessage.json([names[column]])
        return "`ignore: \(name)`, or `categorical: \(name)` if they are categories"
    }

    private func mixedCure(_ facts: ColumnFacts, _ text: CellPlace) -> String {
        if let cure = TableMessage.cure(facts.mainLook) { return "it \(cure)" }
        if !format.hasHeader, text.line == 1 {
            return "line 1 looks like a header: set header: true"
        }
        let missing = facts.missingLine(with: [text.text])
        return "correct it, or set \(missing) if it stands for a missing value"
    }

    /// Tells whether texts of this look are refused although the column has no numbers.
    private func refuses(_ look: CellLook, _ facts: ColumnFacts) -> Bool {
        switch look {
        case .text, .boolean: false
        // `4 doors` may be a category.
        case .unit: facts.distinct.count > ColumnFacts.fewTexts
        default: true
        }
    }

    private func about(_ distinct: DistinctCounter) -> String {
        (distinct.isExact ? "" : "about ") + TextFormat.grouped(distinct.count)
    }
}

extension ColumnFacts {
    /// The config's line that takes these words too for missing values.
    func missingLine(with words: [String]) -> String {
        let all: [String] = ([""] + missingWords.strings + words).reduce(into: []) { words, word in
            if !words.contains(word) { words.append(word) }
        }
        return "missing: \(TableMessage.json(all))"
    }
}
