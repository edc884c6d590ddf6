/// Finds the name that a misspelled one probably meant.
package enum Suggestion {
    /// Returns the nearest of `candidates` if it is similar enough, or means the same in another library; the
    /// earlier one on a tie.
    package static func nearest(to name: String, among candidates: [String]) -> String? {
        guard !name.isEmpty, name.utf8.count <= 60 else { return nil }
        let wanted = normalized(name)
        if let same = candidates.first(where: { normalized($0) == wanted }) { return same }
        let bare = normalized(EcosystemWords.bare(name))
        if let same = candidates.first(where: { normalized($0) == bare }) { return same }
        if let meaning = EcosystemWords.meaning(of: name, among: candidates) { return meaning.name }
        if let abbreviated = candidates.first(where: { initials($0) == wanted }) { return abbreviated }
        let measured = candidates.map { (name: $0, distance: distance(wanted, normalized($0))) }
        if let best = measured.min(by: { $0.distance < $1.distance }),
            best.distance <= threshold(wanted, best.name)
        {
            return best.name
        }
        let related = candidates.filter {
            isPrefix(wanted, normalized($0)) || isPrefix(normalized($0), wanted)
        }
        return related.count == 1 ? related.first : nil
    }

    /// The question behind a wrong name, with the way to write the right one if another library's word stands
    /// for more than a name: "did you mean `batch`? write batch: {size: 32}". Nil if nothing is near.
    package static func question(for name: String, among candidates: [String]) -> String? {
        guard let nearest = nearest(to: name, among: candidates) else { return nil }
        let question = "did you mean \(ForPeople.code(nearest))?"
        let meaning = EcosystemWords.meaning(of: name, among: candidates)
        guard let form = meaning?.form, meaning?.name == nearest else { return question }
        return "\(question) write \(form)"
    }

    /// The Damerau-Levenshtein distance (restricted: no edit between two transposed letters): the number of
    /// insertions, deletions, substitutions and transpositions of neighbours.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for i in 1...left.count {
            var row = [i] + [Int](repeating: 0, count: right.count)
            for j in 1...right.count {
                let substitution = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)
                row[j] = min(last[j] + 1, row[j - 1] + 1, substitution)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }

    /// The largest distance that counts as similar: one edit per three letters of the shorter name, at least
    /// one; 0 between two names of one or two letters.
    private static func threshold(_ wanted: [Character], _ candidate: String) -> Int {
        max(wanted.count, candidate.count) < 3 ? 0 : max(1, min(wanted.count, candidate.count) / 3)
    }

    /// A name without case and separators, because `learningRate`, `learning-rate` and `LEARNING_RATE` are
    /// the same word.
    static func normalized(_ name: String) -> [Character] {
        name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    }

    /// The initials of a name of several words, like `lr` for `learning_rate`; empty for a single word.
    private static func initials(_ name: String) -> [Character] {
        let words = name.lowercased().split(separator: "_")
        return words.count > 1 ? words.compactMap(\.first) : []
    }

    private static func isPrefix(_ short: [Character], _ long: [Character]) -> Bool {
        short.count >= 3 && long.starts(with: short)
    }
}
