import Kernels
import Synchronization

/// Applies the optimizer to parameters whose gradient sum is complete. Called on the communication thread, by the owner alone.
package protocol ParameterUpdate: AnyObject {
    /// - Parameters:
    ///   - range: a run of the flat vectors, whole vectors of 16 floats.
    ///   - compact: where the run begins in the owner's compact vectors.
    ///   - gradient: the sum over the global batch of this run.
    ///   - step: the step's number; the first is 0.
    func update(_ range: Range<Int>, compact: Int, gradient: UnsafeMutablePointer<Float>, step: Int)
    /// The gradient of a measured step, as it was before any clipping: of each cell its sums, in the order of the cells. Called on every member, and if
    /// updates wait for it, before the first of them. Valid during the call.
    func gradientMeasured(_ sums: UnsafePointer<Double>, width: Int, step: Int)
}

extension ParameterUpdate {
    package func gradientMeasured(_ sums: UnsafePointer<Double>, width: Int, step: Int) {}
}

/// One member's part in the collective work of a generation: averages gradients, spreads new parameters, exchanges statistics.
///
/// A step, seen from here (the words are those of Sources/README.md: piece, node, owner):
///
///     compute thread                     communication thread
///     combine(exchange)          ───▶    sends my nodes to all, counts theirs
///     contribute(downTo: …)      ───▶    reduce-scatter: sends my nodes of each complete piece to its owner
///                                        owner, all nodes there: finishes the tree, updates, all-gather: sends the parameters
///     complete(report)           ◀───    all pieces there, and rank 0's control word
///
/// In a measured step the owner, all its pieces summed, also sends the cells of their gradient to all; if the gradient is clipped by its norm, it keeps the
/// sums, and the updates begin when everybody's cells are there.
///
/// Why one set of buffers suffices: a piece is finished only when *every* member has contributed to it (members without samples say `idle`), so nobody completes
/// step s before everybody's backward pass of s has ended. A member may be one step ahead of another, never two; what arrives early (nodes of s+1)
/// goes to places that s no longer needs, and is counted apart. The cells of a measured step are no exception: nobody completes one before it has everybody's, so
/// whoever measures s+1, for which it needs everybody's contributions to s+1, writes over cells of s that all have received; and the places into which they were received
/// have served. Cells therefore never arrive early. The kept sums are written when the pieces of a step are summed and read by that step's updates alone.
package final class Collective: @unchecked Sendable {  // each part has one owner: see the marks
    package let rank: Int
    package let members: Int
    package let partition: Partition
    let plans: [StepPlan]
    let planIndex: (Int) -> Int
    let parameters: UnsafeMutablePointer<Float>
    let updater: any ParameterUpdate
    let exchanges: StatisticsStore
    /// Rank 0: decides what follows a step from its finished report. Called on the communication thread.
    let decide: (Int, [Double]) -> ControlWord
    /// Set before the first message.
    package weak var link: (any GroupLink)?
    package let gradients: GradientSource
    /// Told on the communication thread of every owned piece whose nodes are all there, before they are summed: of each node of the step's plan `vector` has the piece's floats.
    package var pieceArrived:
        ((_ step: Int, _ piece: Int, _ vector: (_ node: Int) -> UnsafePointer<Float>) -> Void)?
    /// The compute thread's.
    package let timeline = Timeline()

    // Between the two threads
    let commands = Mutex<[Command]>([])
    let bell: Bell<Progress>

    // Communication thread
    /// Commands that are being served; takes turns with `commands`, so that neither allocates.
    var serving: [Command] = []
    var arriving: CommunicationState
    var reduction: Reduction
    /// The memory of other members of which `reduction` has pointers, by rank; kept alive for it.
    var peerMemory: [SharedVectors?]
    /// Nil if no step's gradient is measured.
    var measured: MeasuredCells?
    var updateTime = UpdateTime()

    /// What the compute thread asks of the communication thread.
    enum Command {
        case statistics(exchange: Int)
        case contribute(downTo: Int)
        case report
    }

    /// What the compute thread waits for.
    struct Progress {
        /// Statistics frames that have arrived, by parity of the step and exchange.
        var statistics: [[Int]]
        var completed: (step: Int, control: ControlWord, report: [Double], update: Span)?
        var ended: GenerationEnded?
    }

    /// - Parameters:
    ///   - plans: the distinct steps (a full batch, the ragged last one); `planIndex` tells which one a step has.
    ///   - exchanges: the statistics exchanges of a step, by number.
    ///   - measurement: what is measured of the gradient, if anything.
    ///   - firstStep: the step that this generation begins with.
    package init(
        rank: Int, partition: Partition, plans: [StepPlan], planIndex: @escaping (Int) -> Int,
        exchanges: [StatisticsOperation], report: StatisticsOperation,
        parameters: UnsafeMutablePointer<Float>,
        gradients: GradientSource, updater: any ParameterUpdate,
        measurement: GradientMeasurement? = nil, firstStep: Int,
        decide: @escaping (Int, [Double]) -> ControlWord
    ) {
        (self.rank, self.partition, self.plans, self.planIndex) = (rank, partition, plans, planIndex)
        (self.parameters, self.gradients, self.updater, self.decide) = (
            parameters, gradients, updater, decide
        )
        members = partition.members
        self.exchanges = StatisticsStore(rank: rank, plans: plans, operations: exchanges + [report])
        bell = Bell(
            Progress(
                statistics: Array(repeating: Array(repeating: 0, count: exchanges.count), count: 2)))
        let arrivals = Arrivals(
            pieces: partition.pieces.count, nodes: plans.map(\.nodes.count).max() ?? 0,
            exchanges: exchanges.count,
            members: partition.members)
        arriving = CommunicationState(step: firstStep, pieces: partition.pieces.count, arrivals: arrivals)
        reduction = Reduction(rank: rank, partition: partition, plans: plans, report: report)
        peerMemory = Array(repeating: nil, count: partition.members)
        measured = measurement.map { MeasuredCells($0, partition: partition, rank: rank) }
        commands.withLock { $0.reserveCapacity(64) }
        serving.reserveCapacity(64)
        beginStep()
    }

    private func beginStep() {
        arriving.beginStep(remotePieces: remotePieces, ownedPieces: ownedPieces)
        measured?.beginStep(arriving.step, ownedPieces: ownedPieces)
    }

    package func plan(for step: Int) -> StepPlan { plans[planIndex(step)] }
    var reportExchange: Int { exchanges.count - 1 }
    var isMeasurementComplete: Bool { measured?.isComplete ?? true }
    private var ownedPieces: Int { partition.pieces.count { $0.owner == rank } }
    private var remotePieces: Int { partition.pieces.count - ownedPieces }

    /// Ends the generation for this member: whatever waits throws. From any thread, at any time.
    package func end(_ reason: GenerationEnded) {
        bell.change { if $0.ended == nil { $0.ended = reason } }
    }

    /// Communication thread: begins the next step once this one is complete here.
    func completeStepIfDone() {
        guard let control = arriving.control, arriving.remotePieces == 0, arriving.ownedPieces == 0,
            isMeasurementComplete
        else { return }
        let step = arriving.step
        let report = arriving.report
        let update = updateTime.span(step: step)
        updateTime = UpdateTime()
        arriving.finishStep()
        beginStep()
        bell.change {
            $0.completed = (step, control, report, update)
            for i in $0.statistics[step & 1].indices { $0.statistics[step & 1][i] = 0 }
        }
    }
}

// MARK: - The compute thread's side

extension Collective {
    /// Where the statistics vector of a local microbatch is written.
    package func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        exchanges.leaf(exchange, localMicrobatch)
    }

    /// Combines one exchange over all microbatches of all members; valid until the next step.
    package func combine(_ exchange: Int, step: Int) throws -> UnsafePointer<Double> {
        let plan = plan(for: step)
        exchanges.foldLocal(exchange, plan)
        if members > 1 {
            let asked = Timeline.now
            ask(.statistics(exchange: exchange))
            let expected = members - plan.idleMembers - (plan.isIdle(rank) ? 0 : 1)
            try bell.wait { progress -> Void? in
                if let ended = progress.ended { throw ended }
                return progress.statistics[step & 1][exchange] == expected ? () : nil
            }
            timeline.add(Span(.statistics, step: step, begin: asked, end: Timeline.now))
        }
        return exchanges.finish(exchange, plan)
    }

    /// What a member has sent for an exchange; valid from `combine` until this member has contributed all to the step.
    package func statisticsNodes(_ exchange: Int, of member: Int, step: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(exchanges.nodes(exchange, plan(for: step).nodesOf[member]))
    }

    /// Memory for the statistics of another member's microbatches, with the report as the last exchange.
    package func statisticsStore(of member: Int) -> StatisticsStore {
        StatisticsStore(rank: member, plans: plans, operations: exchanges.operations)
    }

    /// Everything of this step's local gradients from `offset` on is complete.
    package func contribute(downTo offset: Int) { ask(.contribute(downTo: offset)) }

    /// Where the report of a local microbatch is written.
    package func reportLeaf(localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        exchanges.leaf(reportExchange, localMicrobatch)
    }

    /// Waits for the step's end: new parameters everywhere and rank 0's word. The report is the whole batch's.
    package func complete(step: Int) throws -> (control: ControlWord, report: [Double]) {
        exchanges.foldLocal(reportExchange, plan(for: step))
        ask(.report)
        let completed = try bell.wait { progress in
            if let completed = progress.completed, completed.step == step { return completed }
            if let ended = progress.ended { throw ended }
            return nil
        }
        if completed.update.busy > 0 { timeline.add(completed.update) }
        return (completed.control, completed.report)
    }

    private func ask(_ command: Command) {
        commands.withLock { $0.append(command) }
        link?.wake()
    }
}

/// Where the communication thread finds the gradient sums of this member's nodes.
package protocol GradientSource: AnyObject {
    /// The flat vector that holds the sum of the k-th of this member's nodes in the current step.
    func nodeVector(_ k: Int) -> UnsafePointer<Float>
}

extension Collective {
    /// The plan of a full batch (0) or of the ragged last one (1).
    package func plan(at index: Int) -> StepPlan { plans[index] }
}
