import Checkpoints
import Configuration
import NeuralNetwork
import Runs
import System
import Training

/// Writes checkpoints one after another on a thread of its own, so that a slow disk holds up nobody.
final class CheckpointWriter: @unchecked Sendable {  // the thread handle belongs to whoever closes
    /// What of a run is written into every checkpoint beside the tensors.
    struct Facts: Sendable {
        var layout: ParameterLayout
        var momentNames: [String]
        /// Keeps so many of the newest.
        var keep: Int
        /// The step of the best model so far, which is kept too.
        var bestStep: Guarded<Int?>
        var state: @Sendable (Snapshot) -> ConfigValue
    }

    struct Written: Sendable {
        var step: Int
        var result: Result<CheckpointStore.Entry, any Error>
    }

    private enum Order: Sendable {
        case write(Snapshot)
        case markBest
        case stop
    }

    private let orders = Mailbox<Order>()
    private var thread: JoinableThread?

    /// `written` is called on the writer's thread.
    init(
        _ store: CheckpointStore, _ facts: Facts, _ faults: FaultPoints,
        written: @escaping @Sendable (Written) -> Void
    ) throws {
        let orders = orders
        thread = try spawnThread(name: "checkpoints", stackSize: 4 << 20) {
            while true {
                let order = orders.take()
                if case .stop = order { return }
                guard case .write(let snapshot) = order else {
                    try? Self.markBest(store, facts)
                    continue
                }
                let result = Result {
                    let entry = try store.write(
                        step: snapshot.step, model: snapshot.modelTensors(facts.layout),
                        optimizer: snapshot.optimizerTensors(facts.layout, momentNames: facts.momentNames),
                        state: facts.state(snapshot)
                    ) { faults.reach("coordinator", "checkpoint-\($0)", snapshot.step) }
                    try Self.markBest(store, facts)
                    // Damaged ones of later steps, from which the run could not be resumed, must not crowd it out.
                    let protected = [snapshot.step, facts.bestStep.withLock { $0 }, try store.best()?.step]
                        .compactMap { $0 }
                    try store.retain(last: facts.keep, protecting: Set(protected))
                    return entry
                }
                written(Written(step: snapshot.step, result: result))
            }
        }
    }

    /// Names the best checkpoint, if it is on the disk; until then the one before it stays.
    private static func markBest(_ store: CheckpointStore, _ facts: Facts) throws {
        guard let step = facts.bestStep.withLock({ $0 }), Directory.isDirectory(store.path(ofStep: step))
        else { return }
        try store.markBest(step)
    }

    /// The best step has changed: its checkpoint may be there already.
    func markBest() { orders.put(.markBest) }

    func write(_ snapshot: Snapshot) { orders.put(.write(snapshot)) }

    /// Returns when everything that was ordered is on the disk, or has failed.
    func close() {
        orders.put(.stop)
        thread?.join()
        thread = nil
    }
}
