import Checkpoints
import Datasets
import System
import Telemetry
import Threads

/// Writes a run for TensorBoard: curves, histograms of weights, pictures, the config.
///
/// Events only wake its thread, which takes the lines that `metrics.jsonl` has gained and the checkpoints
/// that are written. So the training never waits for it, nothing is dropped while the thread is late, and
/// after a resume it writes what the lines have and its own files lack: each step once, whatever was
/// replayed.
package final class TensorBoardSink: EventSink {
    /// The run, as far as the sink needs it.
    package struct Facts: Sendable {
        /// Where the event files are.
        package var directory: String
        package var metricsPath: String
        package var checkpoints: CheckpointStore
        /// The job with every default, as text.
        package var config: String
        /// Samples of a step.
        package var batchSize: Int
        /// The steps that are done when the process begins.
        package var firstStep: Int
        /// Pictures of the data, made when they are needed; nil if there is nothing to see.
        package var pictures: [(tag: String, image: @Sendable () -> ByteImage?)]

        package init(
            directory: String, metricsPath: String, checkpoints: CheckpointStore, config: String,
            batchSize: Int, firstStep: Int = 0,
            pictures: [(tag: String, image: @Sendable () -> ByteImage?)] = []
        ) {
            self.directory = directory
            self.metricsPath = metricsPath
            self.checkpoints = checkpoints
            self.config = config
            self.batchSize = batchSize
            self.firstStep = firstStep
            self.pictures = pictures
        }
    }

    private struct Orders {
        var hasLines = false
        var checkpoints: [CheckpointStore.Entry] = []
        /// Texts of a language model.
        var texts: [(step: Int, text: String)] = []
        var isClosed = false

        var isEmpty: Bool { !hasLines && checkpoints.isEmpty && texts.isEmpty && !isClosed }
    }

    /// The most checkpoints, and texts, that wait for the thread.
    private static let mostWaiting = 64
    /// Seconds in which lines gather, so that they cost one write.
    private static let pause = 0.2

    private let orders = Monitor(Orders())
    private let thread: Thread
    private let counted: SinkLosses
    package var losses: SinkLosses? { counted }

    /// Starts the thread.
    /// - Throws: `ThreadError`.
    package init(_ facts: Facts) throws {
        let (orders, losses) = (orders, SinkLosses(of: "tensorboard"))
        counted = losses
        thread = try Thread(named: "tensorboard") {
            var writer = BoardWriter(facts, losses)
            writer.begin()
            while true {
                let order = orders.wait { orders in
                    defer { orders = Orders() }
                    return orders.isEmpty ? nil : orders
                }
                let failure = writer.writeLines()
                for entry in order.checkpoints { writer.writeHistograms(of: entry) }
                for (step, text) in order.texts { writer.writeSample(text, step: step) }
                if order.isClosed {
                    if let failure { losses.add(failure.lines, because: failure.reason) }
                    return
                }
                Clock.sleep(seconds: Self.pause)
            }
        }
    }

    package func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepLogged), .training(.epochFinished), .timing(.epoch), .records(.caughtUp):
            orders.change { $0.hasLines = true }
        case .checkpoint(.written(let step, let path, _)):
            add(CheckpointStore.Entry(step: step, path: path))
        case .training(.textSampled(let step, let prompt, let text)):
            orders.change { orders in
                if orders.texts.count < Self.mostWaiting { orders.texts.append((step, prompt + text)) }
            }
        default: break
        }
    }

    private func add(_ checkpoint: CheckpointStore.Entry) {
        let isFull = orders.change { orders in
            let isFull = orders.checkpoints.count >= Self.mostWaiting
            if !isFull { orders.checkpoints.append(checkpoint) }
            return isFull
        }
        if isFull { counted.add(because: "its thread is \(Self.mostWaiting) checkpoints late") }
    }

    /// Writes what is left, and ends the thread.
    package func close() {
        orders.change { $0.isClosed = true }
        thread.join()
    }
}
