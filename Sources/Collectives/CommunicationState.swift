/// Counts what has arrived for the current step and, separately, for the next one. Owned by the communication
/// thread.
struct CommunicationState {
    private(set) var step: Int
    /// The nodes of each piece that have arrived, by parity of the step.
    private var nodes: [[Int]]
    /// The members without samples that have said so, by parity of the step.
    private var idle = [0, 0]
    /// The reports that have arrived at rank 0, by parity of the step.
    private var reports = [0, 0]

    /// The first piece that this member has not contributed to.
    var nextPiece = 0
    var hasReported = false
    private(set) var remotePieces = 0
    private(set) var ownedPieces = 0
    private(set) var control: ControlWord?
    private(set) var report: [Double] = []
    /// True for each remote piece that has arrived in this step.
    private var isThere: [Bool]
    var arrivals: Arrivals

    init(step: Int, pieces: Int, arrivals: Arrivals) {
        self.step = step
        self.arrivals = arrivals
        nodes = Array(repeating: Array(repeating: 0, count: pieces), count: 2)
        isThere = Array(repeating: false, count: pieces)
    }

    mutating func beginStep(remotePieces: Int, ownedPieces: Int) {
        self.remotePieces = remotePieces
        self.ownedPieces = ownedPieces
        nextPiece = 0
        hasReported = false
        control = nil
        for i in isThere.indices { isThere[i] = false }
    }

    mutating func finishStep() {
        let parity = step & 1
        for i in nodes[parity].indices { nodes[parity][i] = 0 }
        idle[parity] = 0
        reports[parity] = 0
        arrivals.clear(step: step)
        step += 1
    }

    mutating func addNodes(_ count: Int, piece: Int, step: Int) { nodes[step & 1][piece] += count }
    mutating func addIdle(step: Int) { idle[step & 1] += 1 }
    mutating func addReport(step: Int) { reports[step & 1] += 1 }

    /// True once every node and every idle member's message has arrived for the current step.
    func isReady(_ piece: Int, _ plan: StepPlan) -> Bool {
        nodes[step & 1][piece] == plan.nodes.count && idle[step & 1] == plan.idleMembers
    }

    var arrivedReports: Int { reports[step & 1] }

    mutating func ownedPieceDone() { ownedPieces -= 1 }

    /// Records that a remote piece has arrived; false if it had arrived before.
    mutating func remotePieceArrived(_ piece: Int) -> Bool {
        if isThere[piece] { return false }
        isThere[piece] = true
        remotePieces -= 1
        return true
    }

    mutating func setControl(_ control: ControlWord, report: [Double]) {
        self.control = control
        self.report = report
    }
}
