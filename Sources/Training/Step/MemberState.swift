import Collectives
import Kernels
import NeuralNetwork

/// The training state that one member holds: all parameters, the running statistics, and the optimizer's
/// moments of the shards that it owns.
///
/// Between steps it belongs to the compute thread; during a step the communication thread writes parameters
/// and moments, piece by piece.
package final class MemberState: ParameterUpdate, GradientSource, @unchecked Sendable {
    package let partition: Partition
    package let rank: Int
    package let parameters: FloatBuffer
    package let statistics: FloatBuffer
    /// Compact vectors: owned pieces alone, each moment once in the cluster. The last one is the parameters'
    /// average, if the job has one (`Job.momentNames`).
    package let moments: [FloatBuffer]
    /// The whole average, as it was when it was last gathered; nil if the job has none.
    private let average: FloatBuffer?
    package let gradients: GradientVectors
    /// The factor of the schedule's learning rate. No piece of a step is updated before every member's
    /// compute thread has contributed to it, so that thread may set this between steps.
    package var learningRateFactor = 1.0
    /// The targets of the step's global batch that count: their number divides the summed gradient. The
    /// compute thread sets it before it contributes to the step.
    package var countedTargets = 1
    /// Rank 0's fraction of dead units of each rectifier in a logged step. The compute thread writes it
    /// before it reports the step.
    package var deadUnits: [Double] = []
    /// Told on the communication thread before the first update of a step.
    package var updating: (_ step: Int) -> Void = { _ in }
    /// Told on the compute thread whenever gradients of a step are about to be contributed.
    package var contributing: (_ step: Int) -> Void = { _ in }
    private let plan: TrainingPlan
    private let optimizer: Optimizer

    // Communication thread
    private let table: UpdateTable
    /// The scalars of `scalarsStep` for each of the table's kinds.
    private var scalars: [UpdateScalars] = []
    private var scalarsStep = -1
    /// The part that the new parameters of `scalarsStep` have in the average.
    private var averageShare: Float = 1
    private let cells: GradientCells
    /// The norm of the step's mean gradient, if it is clipped by that.
    private var norm = 0.0
    private var gradientNorms: [Double] = []

    /// - Parameter vector: makes what other members read: the parameters and the gradients, `sharedCounts`
    ///   floats.
    package init(
        plan: TrainingPlan, partition: Partition, rank: Int, stepPlans: [StepPlan],
        vector: (Int) -> FloatBuffer = { FloatBuffer(count: $0) }
    ) {
        let (layout, optimization) = (plan.network.layout, plan.job.optimization)
        self.plan = plan
        self.partition = partition
        self.rank = rank
        optimizer = plan.job.optimizer
        parameters = vector(layout.parameterSpace)
        statistics = FloatBuffer(count: layout.statisticsCount)
        moments = plan.job.momentNames.map { _ in FloatBuffer(count: partition.ownedCounts[rank]) }
        average = plan.job.isAveraged ? FloatBuffer(count: layout.parameterSpace) : nil
        gradients = GradientVectors(
            count: layout.flatCount, sparse: layout.sparse, programs: Self.programs(stepPlans, rank),
            vector: vector)
        table = UpdateTable(
            layout, isRegularized: !optimization.regularization.isNone, decayed: optimizer.decayedTensors,
            rateFactor: optimization.rateFactor)
        cells = GradientCells(layout)
        scalars.reserveCapacity(table.kinds.count)
        gradientNorms.reserveCapacity(3 * layout.tensors.count)
    }

    private static func programs(_ stepPlans: [StepPlan], _ rank: Int) -> [FoldProgram] {
        stepPlans.map { FoldProgram($0.tree, $0.leaves(of: rank)) }
    }

    /// Floats of the vectors that a member's state has made for others to read.
    package static func sharedCounts(plan: TrainingPlan, rank: Int, stepPlans: [StepPlan]) -> [Int] {
        let layout = plan.network.layout
        return [layout.parameterSpace]
            + Array(repeating: layout.flatCount, count: GradientVectors.vectors(programs(stepPlans, rank)))
    }

    package func update(_ range: Range<Int>, compact: Int, gradient: UnsafeMutablePointer<Float>, step: Int) {
        if step != scalarsStep { prepareScalars(step) }
        table.forEach(in: range) { run, kind in
            let offset = run.lowerBound - range.lowerBound
            optimizer.update(
                parameters.pointer + run.lowerBound, gradient: gradient + offset,
                moments: { self.moments[$0].pointer + compact + offset }, count: run.count, scalars[kind])
        }
        if plan.job.isAveraged, let average = moments.last {
            OptimizerKernels.average(
                average.pointer + compact, of: parameters.pointer + range.lowerBound, count: range.count,
                share: averageShare)
        }
    }

    private func prepareScalars(_ step: Int) {
        updating(step)
        let optimization = plan.job.optimization
        let rate = plan.learningRate(step: step, factor: learningRateFactor)
        let clipping = optimization.clipping?.scale(norm: norm) ?? 1
        let scale = clipping == 1 ? 1 / Float(countedTargets) : Float(clipping / Double(countedTargets))
        let limit = if case .value(let limit) = optimization.clipping { limit } else { Double.infinity }
        scalars.removeAll(keepingCapacity: true)
        for kind in table.kinds {
            scalars.append(
                optimizer.scalars(
                    step: step + 1, rate: rate * kind.rateFactor, scale: scale,
                    penalty: kind.isRegularized ? optimization.regularization : nil,
                    isDecayed: kind.isDecayed,
                    limit: limit))
        }
        averageShare = optimization.average?.share(step: step) ?? 1
        scalarsStep = step
    }

    /// For tests: the bits of one of this member's gradient sums, of the last tensor's, become others.
    package func corruptGradient(_ change: (UInt32) -> UInt32) {
        guard let tensor = plan.network.layout.tensors.last else { return }
        let value = gradients.result(0) + tensor.range.lowerBound
        value.pointee = Float(bitPattern: change(value.pointee.bitPattern))
    }

    package func nodeVector(_ k: Int) -> UnsafePointer<Float> { UnsafePointer(gradients.result(k)) }

    package func occupancy(_ k: Int) -> Occupancy? { gradients.occupancy(ofResult: k) }
}

// MARK: - What is evaluated

extension MemberState {
    /// The average's place in the exchanges of a generation; nil if the job has none.
    package var gathering: Collective.Gathering? {
        guard let average, let compact = moments.last else { return nil }
        return Collective.Gathering(compact: compact.pointer, whole: average.pointer)
    }

    /// The parameters that are evaluated: the average that was gathered last, or the parameters themselves.
    var evaluatedParameters: FloatBuffer { average ?? parameters }

    /// Gathers the average from its owners, between steps, before an evaluation. Frozen tensors, which have
    /// no owner, are copied.
    func gatherAverage(_ collective: Collective, before step: Int) throws {
        guard let average else { return }
        let flatCount = partition.flatCount
        (average.pointer + flatCount).update(
            from: parameters.pointer + flatCount, count: parameters.count - flatCount)
        try collective.gather(before: step)
    }
}

// MARK: - What is measured of the gradient

extension MemberState {
    package func gradientMeasured(_ sums: UnsafePointer<Double>, width: Int, step: Int) {
        let samples = Double(countedTargets)
        norm =
            ScalarMath.sqrt(VectorNorms.combine(sums, 0..<cells.cells.count, width: width).square) / samples
        guard rank == 0, plan.diagnosticCount(afterSteps: step + 1) > 0 else { return }
        gradientNorms.removeAll(keepingCapacity: true)
        for (tensor, range) in zip(plan.network.layout.tensors, cells.ofTensor) where tensor.role == .weight {
            let norms = VectorNorms.combine(sums, range, width: width)
            gradientNorms.append(norms.magnitude / samples)
            gradientNorms.append(ScalarMath.sqrt(norms.square) / samples)
            gradientNorms.append(norms.largest / samples)
        }
    }

    /// Rank 0, once a step is decided: what goes behind its report.
    package func diagnostics(step: Int) -> [Double] {
        plan.diagnosticCount(afterSteps: step + 1) > 0 ? gradientNorms + deadUnits : []
    }
}
