/// The tasks of each node as Slurm writes them in SLURM_STEP_TASKS_PER_NODE: `2(x3),1` is 2, 2, 2, 1.
package struct SlurmTaskCounts: Equatable, Sendable {
    /// Bytes of the longest list that is read.
    private static let longest = 1 << 20
    private let runs: [Run]

    /// Neighbouring nodes with equally many tasks.
    private struct Run: Equatable, Sendable {
        let tasks: Int
        let nodes: Int

        /// Reads `2` or `2(x3)`.
        init?(_ text: Substring) {
            let range = 1...Launch.mostRanks
            let pieces = text.split(separator: "(x", omittingEmptySubsequences: false)
            guard let tasks = Int(pieces[0]), range.contains(tasks) else { return nil }
            self.tasks = tasks
            guard pieces.count > 1 else {
                nodes = 1
                return
            }
            guard pieces.count == 2, pieces[1].hasSuffix(")"), let nodes = Int(pieces[1].dropLast()),
                range.contains(nodes)
            else { return nil }
            self.nodes = nodes
        }
    }

    /// Nil if the text is no such list.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        var runs: [Run] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let run = Run(part) else { return nil }
            runs.append(run)
        }
        self.runs = runs
    }

    /// The tasks of a node, which counts from 0; nil if there is no such node.
    package subscript(node: Int) -> Int? {
        guard node >= 0 else { return nil }
        var first = 0
        for run in runs {
            if node < first + run.nodes { return run.tasks }
            first += run.nodes
        }
        return nil
    }
}
