import Checkpoints
import Datasets
import Jobs
import Kernels
import System
import Telemetry
import Threads
import Training

/// Lets the model write texts while it is trained, with the parameters of snapshots.
///
/// A text is made on a thread of its own that gives way to all others, one at a time: one that is due while
/// another is being written is left out. So the training neither waits for texts nor changes by them.
///
/// Used on the coordinator's loop.
final class SampleTexts {
    private let plan: TrainingPlan
    private let tokenizer: Tokenizer?
    private let policy: SamplePolicy
    private let period: Int
    private let record: @Sendable (RunEvent) -> Void
    /// The number of periods that are over.
    private var periods: Int
    private var thread: Thread?
    private let isWriting = Guarded(false)
    private let isEnded = Guarded(false)

    /// - Parameters:
    ///   - tokenizer: nil for tokens that were made elsewhere.
    ///   - step: the step from which the run goes on.
    ///   - record: takes the text as an event, on any thread.
    init(
        _ policy: SamplePolicy, _ plan: TrainingPlan, _ tokenizer: Tokenizer?, from step: Int,
        record: @escaping @Sendable (RunEvent) -> Void
    ) {
        (self.policy, self.plan, self.tokenizer, self.record) = (policy, plan, tokenizer, record)
        period = if case .steps(let steps) = policy.every { steps } else { plan.geometry.stepsPerEpoch }
        periods = step / period
    }

    /// Begins a text if one is due.
    func snapshotTaken(_ snapshot: Snapshot) {
        guard snapshot.step / period > periods else { return }
        let isFree = isWriting.withLock { isWriting in
            defer { isWriting = true }
            return !isWriting
        }
        guard isFree else { return }
        periods = snapshot.step / period
        let (write, isWriting, record) = (writer(snapshot), isWriting, record)
        thread = try? Thread(named: "samples") {
            Thread.lowerPriority()
            if let event = write() { record(.training(event)) }
            isWriting.withLock { $0 = false }
        }
        if thread == nil { isWriting.withLock { $0 = false } }
    }

    /// Gives a text up that is being written.
    func close() {
        isEnded.withLock { $0 = true }
        thread?.join()
    }

    /// Returns a function that writes a text and tells of it; it returns nil if it was given up.
    private func writer(_ snapshot: Snapshot) -> @Sendable () -> RunEvent.Training? {
        let (plan, policy, tokenizer, isEnded) = (plan, policy, tokenizer, isEnded)
        return {
            do {
                guard let tokenizer else {
                    throw DatasetError("the tokens of the data have no tokenizer that makes them a text")
                }
                let lanes = LanePool(lanes: 1)
                let generator = try SequenceGenerator(
                    plan: plan, parameters: snapshot.evaluatedParameters, statistics: snapshot.statistics,
                    sequences: 1, lanes: lanes)
                var text = try TextContinuation(
                    policy.prompt, of: tokenizer, vocabulary: generator.vocabulary,
                    sampling: TokenSampling(temperature: policy.temperature, seed: plan.job.seed),
                    tokens: policy.tokens)
                var written = ""
                while text.ending == nil {
                    if isEnded.withLock({ $0 }) { return nil }
                    try generator.append([text.takeTokens()])
                    written += text.advance(generator.logits(0))
                }
                return .textSampled(step: snapshot.step, prompt: policy.prompt, text: written)
            } catch {
                return .sampleFailed(step: snapshot.step, reason: "\(error)")
            }
        }
    }
}
