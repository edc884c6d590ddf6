/// The floats of the state that a member lacks when a generation begins, section by section (see `StateRun`).
/// They arrive in order within each section.
package struct MissingState {
    private var sections: [[Range<Int>]]

    /// - Parameters:
    ///   - parameters: floats of the parameters, or 0 if the member has kept them.
    ///   - moments: runs of floats that the member lacks of each moment of its pieces.
    ///   - momentCount: moments of the optimizer.
    ///   - statistics: floats of the running statistics, which are always sent.
    package init(parameters: Int, moments: [Range<Int>], momentCount: Int, statistics: Int) {
        sections = [[0..<parameters]]
        sections += Array(repeating: moments, count: momentCount)
        sections.append([0..<statistics])
        for i in sections.indices { sections[i].removeAll(where: \.isEmpty) }
    }

    package var isEmpty: Bool { sections.allSatisfy(\.isEmpty) }
    package var lastSection: Int { sections.count - 1 }

    /// - Throws: `MalformedMessage` if these floats are not the next ones of their section.
    package func require(_ run: StateRun, bytes: Int) throws(MalformedMessage) {
        guard sections.indices.contains(run.section), let next = sections[run.section].first,
            run.offset == next.lowerBound, bytes % 4 == 0, bytes / 4 <= next.count
        else { throw MalformedMessage("the coordinator's state does not fit this job") }
    }

    /// Takes note of a run that has arrived; an empty one changes nothing.
    package mutating func arrived(_ run: StateRun, count: Int) throws(MalformedMessage) {
        guard count > 0 else { return }
        try require(run, bytes: 4 * count)
        let rest = sections[run.section][0].dropFirst(count)
        if rest.isEmpty { sections[run.section].removeFirst() } else { sections[run.section][0] = rest }
    }
}
