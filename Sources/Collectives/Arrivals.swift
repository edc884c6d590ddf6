/// Which messages of the step at hand, and of the next one, have come: one that comes twice must not count as the arrival of another.
struct Arrivals {
    private let nodes: Int
    private let members: Int
    private let partials: Int
    private let statistics: Int
    /// By parity of the step.
    private var seen: [[Bool]]

    init(pieces: Int, nodes: Int, exchanges: Int, members: Int) {
        (self.nodes, self.members) = (nodes, members)
        (partials, statistics) = (pieces * nodes, exchanges * members)
        seen = Array(repeating: Array(repeating: false, count: partials + statistics + 4 * members), count: 2)
    }

    /// False if it has come before. Parameters are not tracked here: `CommunicationState` counts them by piece.
    mutating func add(_ envelope: Envelope, from member: Int) -> Bool {
        let behind = partials + statistics
        let place: Int
        switch envelope.kind {
        case .parameters: return true
        case .partial: place = envelope.index * nodes + envelope.part
        case .statistics: place = partials + envelope.index * members + member
        case .report: place = behind + member
        case .idle: place = behind + members + member
        case .control: place = behind + 2 * members + member
        case .norms: place = behind + 3 * members + member
        }
        if seen[envelope.step & 1][place] { return false }
        seen[envelope.step & 1][place] = true
        return true
    }

    mutating func clear(step: Int) {
        for i in seen[step & 1].indices { seen[step & 1][i] = false }
    }
}
