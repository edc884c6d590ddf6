/// The tasks of each node as Slurm writes them in SLURM_STEP_TASKS_PER_NODE: `2(x3),1` is 2, 2, 2, 1.
package struct SlurmTaskCounts: Equatable, Sendable {
    /// Bytes of the longest list that is read.
    private static let longest = 1 << 20
    private let runs: [(count: Int, nodes: Int)]

    /// Nil if the text is no such list.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        var runs: [(count: Int, nodes: Int)] = []
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let run = Self.run(part) else { return nil }
            runs.append(run)
        }
        self.runs = runs
    }

    /// Reads `2` or `2(x3)`.
    private static func run(_ part: Substring.UTF8View) -> (count: Int, nodes: Int)? {
        let range = 1...Launch.mostRanks
        guard let text = Substring(part).isEmpty ? nil : String(Substring(part)) else { return nil }
        let pieces = text.split(separator: "(x", omittingEmptySubsequences: false)
        guard let count = Int(pieces[0]), range.contains(count) else { return nil }
        guard pieces.count > 1 else { return (count, 1) }
        guard pieces.count == 2, pieces[1].hasSuffix(")"), let nodes = Int(pieces[1].dropLast()),
            range.contains(nodes)
        else { return nil }
        return (count, nodes)
    }

    /// The tasks of a node, which counts from 0; nil if there is no such node.
    package subscript(node: Int) -> Int? {
        var first = 0
        for run in runs {
            if node < first + run.nodes { return node < 0 ? nil : run.count }
            first += run.nodes
        }
        return nil
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.runs.elementsEqual(other.runs) { $0 == $1 }
    }
}
