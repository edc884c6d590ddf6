/// Records which messages of the current and the next step have arrived, because a message that comes twice
/// must not count as the arrival of another.
struct Arrivals {
    private let nodes: Int
    private let members: Int
    private let partials: Int
    private let statistics: Int
    /// True for each message that has arrived, by parity of the step.
    private var hasArrived: [[Bool]]

    init(pieces: Int, nodes: Int, exchanges: Int, members: Int) {
        self.nodes = nodes
        self.members = members
        partials = pieces * nodes
        statistics = exchanges * members
        hasArrived = Array(
            repeating: Array(repeating: false, count: partials + statistics + 4 * members + pieces), count: 2)
    }

    /// Records an arrival; false if the message had arrived before. Parameters are not recorded here:
    /// `CommunicationState` counts them by piece.
    mutating func add(_ envelope: Envelope, from member: Int) -> Bool {
        let behind = partials + statistics
        let index: Int
        switch envelope.kind {
        case .parameters: return true
        case .partial: index = envelope.index * nodes + envelope.part
        case .statistics: index = partials + envelope.index * members + member
        case .report: index = behind + member
        case .idle: index = behind + members + member
        case .control: index = behind + 2 * members + member
        case .norms: index = behind + 3 * members + member
        case .gathered: index = behind + 4 * members + envelope.index
        }
        if hasArrived[envelope.step & 1][index] { return false }
        hasArrived[envelope.step & 1][index] = true
        return true
    }

    mutating func clear(step: Int) {
        for i in hasArrived[step & 1].indices { hasArrived[step & 1][i] = false }
    }
}
