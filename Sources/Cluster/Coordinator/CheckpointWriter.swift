import Checkpoints
import Configuration
import NeuralNetwork
import Runs
import System
import Threads
import Training

/// Writes checkpoints one after another on a thread of its own, so that a slow disk holds up nobody.
///
/// Before a checkpoint, the lines of `metrics.jsonl` are on the disk: a run that is resumed from it computes
/// only what comes after it again, so nothing else would write them.
final class CheckpointWriter: @unchecked Sendable {  // the thread handle belongs to whoever closes
    /// The content of every checkpoint of a run beside the tensors, and the number of checkpoints that are
    /// kept.
    struct Facts: Sendable {
        var layout: ParameterLayout
        var momentNames: [String]
        /// So many of the newest checkpoints are kept.
        var keep: Int
        var state: @Sendable (Snapshot, Circumstances) -> ConfigValue
    }

    /// Facts that may change from one checkpoint to the next.
    struct Circumstances: Sendable {
        /// The step of the best model so far, which is kept too.
        var best: Int?
        var platform: String
        var isExact: Bool
        /// Seconds of training so far, and generations that ended before their time.
        var seconds: Double
        var recoveries: Int
    }

    /// The end of an attempt to write.
    struct Written: Sendable {
        var step: Int
        /// The reason; nil after success.
        var failure: String?
    }

    private enum Order: Sendable {
        case write(Snapshot, Circumstances)
        case markBest(step: Int)
        case stop
    }

    private let orders = Mailbox<Order>()
    private var thread: Thread?

    /// - Parameters:
    ///   - metrics: the lines of the steps before a checkpoint.
    ///   - written: called on the writer's thread.
    init(
        _ store: CheckpointStore, _ facts: Facts, metrics: PatientFile, _ faults: FaultPoints,
        written: @escaping @Sendable (Written) -> Void
    ) throws {
        let orders = orders
        thread = try Thread(named: "checkpoints") {
            while true {
                switch orders.take() {
                case .write(let snapshot, let circumstances):
                    var result = Written(step: snapshot.step)
                    do {
                        try metrics.synchronize()
                        try Self.write(snapshot, circumstances, to: store, facts, faults: faults)
                    } catch {
                        result.failure = "\(error)"
                    }
                    written(result)
                case .markBest(let step): try? Self.markBest(step, in: store)
                case .stop: return
                }
            }
        }
    }

    private static func write(
        _ snapshot: Snapshot, _ circumstances: Circumstances, to store: CheckpointStore, _ facts: Facts,
        faults: FaultPoints
    ) throws {
        _ = try store.write(
            step: snapshot.step, model: snapshot.modelTensors(facts.layout),
            optimizer: snapshot.optimizerTensors(facts.layout, momentNames: facts.momentNames),
            state: facts.state(snapshot, circumstances)
        ) { faults.reach("coordinator", "checkpoint-\($0)", snapshot.step) }
        try markBest(circumstances.best, in: store)
        // Damaged ones of later steps, from which the run could not be resumed, must not crowd it out.
        let protected = [snapshot.step, circumstances.best, try store.best()?.step].compactMap { $0 }
        try store.retain(last: facts.keep, protecting: Set(protected))
    }

    /// Names the best checkpoint, if it is on the disk; until then the one before it stays.
    private static func markBest(_ step: Int?, in store: CheckpointStore) throws {
        guard let step, Directory.isDirectory(store.path(ofStep: step)) else { return }
        try store.markBest(step)
    }

    /// The best step has changed: its checkpoint may be there already.
    func markBest(step: Int) { orders.put(.markBest(step: step)) }

    func write(_ snapshot: Snapshot, _ circumstances: Circumstances) {
        orders.put(.write(snapshot, circumstances))
    }

    /// Returns when everything that was ordered is on the disk, or has failed.
    func close() {
        orders.put(.stop)
        thread?.join()
        thread = nil
    }
}
