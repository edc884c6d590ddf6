import Collectives
import NeuralNetwork

/// Everything that has arrived about the boundary after one step. The parts come from different workers, in
/// any order.
struct PendingBoundary {
    /// The epoch's totals up to here; nil until rank 0 has reported the step.
    var totals: Totals?
    /// The evaluation of the validation set, once all of its chunks have arrived.
    var validation: Totals?
    /// The chunks of evaluations that are not complete, by index.
    private var chunks: [EvaluationSet: [Int: [Double]]] = [:]
    /// The snapshot that is being put together.
    var assembly: SnapshotAssembly?

    init(totals: Totals? = nil) { self.totals = totals }

    /// Adds chunks of an evaluation; returns the totals once all `count` chunks have arrived.
    mutating func add(
        _ reports: [Double], of set: EvaluationSet, firstChunk: Int, count: Int, _ layout: ReportLayout
    ) -> Totals? {
        let width = layout.width
        for index in 0..<(reports.count / width) {
            chunks[set, default: [:]][firstChunk + index] = Array(
                reports[(index * width)..<((index + 1) * width)])
        }
        guard let all = chunks[set], all.count == count else { return nil }
        chunks[set] = nil
        return Evaluator.total(all.sorted { $0.key < $1.key }.flatMap(\.value), layout)
    }

    /// Adds a run of a member's part of the snapshot; false if it does not continue what is there.
    ///
    /// - Parameter makeAssembly: called for the first run.
    mutating func add(
        _ values: UnsafeBufferPointer<Float>, rank: Int, offset: Int, makeAssembly: () -> SnapshotAssembly
    ) -> Bool {
        if assembly == nil { assembly = makeAssembly() }
        return assembly?.add(values, rank: rank, offset: offset) ?? false
    }
}
