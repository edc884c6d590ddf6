import Kernels
import Synchronization
import Threads

/// Applies the optimizer to parameters whose gradient sum is complete. The owner of the parameters calls it,
/// on its communication thread.
package protocol ParameterUpdate: AnyObject {
    /// Updates a run of the parameters.
    ///
    /// - Parameters:
    ///   - range: the run in the flat vectors, whole vectors of 16 floats.
    ///   - compact: the offset of the run in the owner's compact vectors.
    ///   - gradient: the run of the gradient, summed over the global batch.
    ///   - step: the step's number, from 0.
    func update(_ range: Range<Int>, compact: Int, gradient: UnsafeMutablePointer<Float>, step: Int)
    /// Reports the gradient of a measured step as it was before any clipping. It is called on every member,
    /// before the first update if updates wait for it.
    ///
    /// - Parameters:
    ///   - sums: `width` sums for each cell, in the order of the cells; valid during the call.
    ///   - step: the step's number, from 0.
    func gradientMeasured(_ sums: UnsafePointer<Double>, width: Int, step: Int)
}

extension ParameterUpdate {
    package func gradientMeasured(_ sums: UnsafePointer<Double>, width: Int, step: Int) {}
}

/// One member's part in the collective work of a generation: averages gradients, spreads new parameters,
/// exchanges statistics.
///
/// A step on the compute thread, for example (see `GradientProgram.run`):
///
///     for exchange in 0..<exchanges {                        // in forward and backward
///         collective.leaf(exchange, localMicrobatch: 0)[0] = value
///         let sums = try collective.combine(exchange, step: step)
///     }
///     collective.contribute(downTo: offset)                  // in backward, as gradients become complete
///     collective.contribute(downTo: 0)
///     let (control, report) = try collective.complete(step: step)
///
/// The two threads of a step (the words are those of Sources/README.md: piece, node, owner):
///
///     compute thread                     communication thread
///     combine(exchange)          ───▶    sends my nodes to all, counts theirs
///     contribute(downTo: …)      ───▶    reduce-scatter: sends my nodes of each complete piece to its owner
///                                        owner, all nodes there: finishes the tree, updates,
///                                        all-gather: sends the parameters
///     complete(report)           ◀───    all pieces there, and rank 0's control word
///
/// A node's sum of a sparse range travels without what is zero: `SparsePieces`.
///
/// In a measured step the owner sends the cells of its pieces' gradient to all members when all its pieces
/// are summed. If the gradient is clipped by its norm, the owner keeps the sums, and the updates begin when
/// the cells of all members have arrived.
///
/// One set of buffers suffices. A piece is finished only when *every* member has contributed to it (members
/// without samples send `idle`). Nobody therefore completes step s before the backward pass of s has ended
/// everywhere, and a member may be one step ahead of another, never two. Nodes of s+1 that arrive early go to
/// memory that s no longer needs, and are counted separately.
///
/// The cells of a measured step never arrive early. Nobody completes such a step before it has the cells of
/// all members. A member measures s+1 only with the contributions of all members to s+1; at that time all
/// members have received the cells of s and used them, so their memory is free. The kept sums are written
/// when the pieces of a step are summed and read by the updates of that step alone.
package final class Collective: @unchecked Sendable {  // each part has one owner: see the marks
    package let rank: Int
    package let members: Int
    package let partition: Partition
    let plans: [StepPlan]
    let planIndex: (Int) -> Int
    let parameters: UnsafeMutablePointer<Float>
    let gathering: Gathering?
    let updater: any ParameterUpdate
    let exchanges: StatisticsStore
    /// Decides, at rank 0, what follows a step from its finished report. Called on the communication thread.
    let decide: (Int, [Double]) -> ControlWord
    /// The way to the other members. Set it before the first message.
    package weak var link: (any GroupLink)?
    package let gradients: GradientSource
    /// Called on the communication thread when all nodes of an owned piece have arrived, before they are
    /// summed. `vector` returns the piece's floats of a node of the step's plan.
    package var pieceArrived:
        ((_ step: Int, _ piece: Int, _ vector: (_ node: Int) -> UnsafePointer<Float>) -> Void)?
    /// The spans of this member's activities. It belongs to the compute thread.
    package let timeline = Timeline()

    // Shared by the two threads
    let commands = Mutex<[Command]>([])
    let monitor: Monitor<Progress>

    // Owned by the communication thread
    /// The commands that are being served. It swaps with `commands`, so that neither allocates.
    var serving: [Command] = []
    var arriving: CommunicationState
    var reduction: Reduction
    let sparsePieces: SparsePieces
    /// The memory of other members into which `reduction` has pointers, by rank; kept alive for it.
    var peerMemory: [SharedVectors?]
    /// The measurement; nil if no step's gradient is measured.
    var measured: MeasuredCells?
    var updateTime = UpdateTime()

    /// A vector whose pieces their owners keep, and which all members hold whole from time to time.
    package struct Gathering {
        /// This member's pieces, one after the other.
        let compact: UnsafeMutablePointer<Float>
        /// The flat vector.
        let whole: UnsafeMutablePointer<Float>

        package init(compact: UnsafeMutablePointer<Float>, whole: UnsafeMutablePointer<Float>) {
            (self.compact, self.whole) = (compact, whole)
        }
    }

    /// A command of the compute thread to the communication thread.
    enum Command {
        case statistics(exchange: Int)
        case contribute(downTo: Int)
        case report
        case gather
    }

    /// The state that the compute thread waits for.
    struct Progress {
        /// The number of statistics frames that have arrived, by parity of the step and exchange.
        var statistics: [[Int]]
        /// The pieces that `gather` has received, by parity of the step.
        var gathered = [0, 0]
        var completed: (step: Int, control: ControlWord, report: [Double], update: Span)?
        var ended: GenerationEnded?
    }

    /// - Parameters:
    ///   - plans: the distinct steps: a full batch and the ragged last one.
    ///   - planIndex: returns the index in `plans` of a step.
    ///   - exchanges: the statistics exchanges of a step, by number.
    ///   - report: the report of a step (loss, metrics).
    ///   - parameters: the flat vector of the parameters.
    ///   - gradients: the gradient sums of this member's nodes.
    ///   - sparse: the ranges of a flat vector of which a node's sum may be mostly zero.
    ///   - updater: applies the optimizer to the owned pieces.
    ///   - measurement: the measurement of the gradient, if any.
    ///   - gathering: the vector that `gather` spreads, if any.
    ///   - firstStep: the first step of this generation.
    ///   - decide: decides, at rank 0, what follows a step.
    package init(
        rank: Int, partition: Partition, plans: [StepPlan], planIndex: @escaping (Int) -> Int,
        exchanges: [StatisticsOperation], report: StatisticsOperation,
        parameters: UnsafeMutablePointer<Float>,
        gradients: GradientSource, sparse: [Range<Int>] = [], updater: any ParameterUpdate,
        measurement: GradientMeasurement? = nil, gathering: Gathering? = nil, firstStep: Int,
        decide: @escaping (Int, [Double]) -> ControlWord
    ) {
        self.rank = rank
        self.partition = partition
        self.plans = plans
        self.planIndex = planIndex
        self.parameters = parameters
        self.gradients = gradients
        self.updater = updater
        self.gathering = gathering
        self.decide = decide
        members = partition.members
        self.exchanges = StatisticsStore(rank: rank, plans: plans, operations: exchanges + [report])
        monitor = Monitor(
            Progress(
                statistics: Array(repeating: Array(repeating: 0, count: exchanges.count), count: 2)))
        let arrivals = Arrivals(
            pieces: partition.pieces.count, nodes: plans.map(\.nodes.count).max() ?? 0,
            exchanges: exchanges.count,
            members: partition.members)
        arriving = CommunicationState(step: firstStep, pieces: partition.pieces.count, arrivals: arrivals)
        reduction = Reduction(rank: rank, partition: partition, plans: plans, report: report)
        sparsePieces = SparsePieces(
            sparse, rank: rank, partition: partition, nodes: plans.map { $0.nodesOf[rank].count }.max() ?? 0)
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

    /// Ends the generation for this member: everything that waits throws `reason`. May be called from any
    /// thread at any time.
    package func end(_ reason: GenerationEnded) {
        monitor.change { if $0.ended == nil { $0.ended = reason } }
    }

    /// Begins the next step once this one is complete here. Called on the communication thread.
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
        monitor.change {
            $0.completed = (step, control, report, update)
            for i in $0.statistics[step & 1].indices { $0.statistics[step & 1][i] = 0 }
            $0.gathered[step & 1] = 0
        }
    }
}

// MARK: - The compute thread's side

extension Collective {
    /// Returns the statistics vector of a local microbatch, to be written.
    package func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        exchanges.leaf(exchange, localMicrobatch)
    }

    /// Combines one exchange over all microbatches of all members. The result is valid until the next step.
    ///
    /// - Throws: `GenerationEnded` if the generation ends first.
    package func combine(_ exchange: Int, step: Int) throws -> UnsafePointer<Double> {
        let plan = plan(for: step)
        exchanges.foldLocal(exchange, plan)
        if members > 1 {
            let asked = Timeline.now
            ask(.statistics(exchange: exchange))
            let expected = members - plan.idleMembers - (plan.isIdle(rank) ? 0 : 1)
            try monitor.wait { progress -> Void? in
                if let ended = progress.ended { throw ended }
                return progress.statistics[step & 1][exchange] == expected ? () : nil
            }
            timeline.add(Span(.statistics, step: step, begin: asked, end: Timeline.now))
        }
        return exchanges.finish(exchange, plan)
    }

    /// Returns the nodes that a member has sent for an exchange; valid from `combine` until this member has
    /// contributed all its gradients of the step.
    package func statisticsNodes(_ exchange: Int, of member: Int, step: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(exchanges.nodes(exchange, plan(for: step).nodesOf[member]))
    }

    /// Allocates memory for the statistics of another member's microbatches, with the report as the last
    /// exchange.
    package func statisticsStore(of member: Int) -> StatisticsStore {
        StatisticsStore(rank: member, plans: plans, operations: exchanges.operations)
    }

    /// Tells the communication thread that this step's local gradients are complete from `offset` on.
    package func contribute(downTo offset: Int) { ask(.contribute(downTo: offset)) }

    /// Returns the report of a local microbatch, to be written.
    package func reportLeaf(localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        exchanges.leaf(reportExchange, localMicrobatch)
    }

    /// Waits for the end of the step: new parameters everywhere, and rank 0's control word. The report is
    /// that of the whole batch.
    ///
    /// - Throws: `GenerationEnded` if the generation ends first.
    package func complete(step: Int) throws -> (control: ControlWord, report: [Double]) {
        exchanges.foldLocal(reportExchange, plan(for: step))
        ask(.report)
        let completed = try monitor.wait { progress in
            if let completed = progress.completed, completed.step == step { return completed }
            if let ended = progress.ended { throw ended }
            return nil
        }
        if completed.update.busy > 0 { timeline.add(completed.update) }
        return (completed.control, completed.report)
    }

    /// Gathers the kept vector from its owners, between steps and at most once before each: the step that
    /// follows is `step`. Every member of the generation calls it there.
    ///
    /// A piece may arrive while this member still computes the step before: the whole vector is nobody's
    /// then, because all have read the last one before they contributed to that step. Owners change the
    /// pieces in step `step`, when all members have contributed to it and therefore received them.
    ///
    /// - Throws: `GenerationEnded` if the generation ends first.
    package func gather(before step: Int) throws {
        guard let gathering else { return }
        for piece in partition.pieces where piece.owner == rank {
            (gathering.whole + piece.range.lowerBound).update(
                from: gathering.compact + piece.compact, count: piece.range.count)
        }
        guard members > 1 else { return }
        ask(.gather)
        try monitor.wait { progress -> Void? in
            if let ended = progress.ended { throw ended }
            return progress.gathered[step & 1] == remotePieces ? () : nil
        }
    }

    private func ask(_ command: Command) {
        commands.withLock { $0.append(command) }
        link?.wake()
    }
}

/// Gives the communication thread the gradient sums of this member's nodes.
package protocol GradientSource: AnyObject {
    /// Returns the flat vector that holds the sum of the k-th of this member's nodes in the current step.
    func nodeVector(_ k: Int) -> UnsafePointer<Float>
    /// Returns the occupancy of that vector; nil if all of it may be other than zero.
    func occupancy(_ k: Int) -> Occupancy?
}

extension GradientSource {
    package func occupancy(_ k: Int) -> Occupancy? { nil }
}

extension Collective {
    /// Returns the plan of a full batch (0) or of the ragged last one (1).
    package func plan(at index: Int) -> StepPlan { plans[index] }
}
