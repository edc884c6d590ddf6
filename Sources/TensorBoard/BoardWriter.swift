import Checkpoints
import Configuration
import Datasets
import System
import Telemetry

/// Writes what a run has into its event files. Belongs to the sink's thread.
struct BoardWriter {
    private let facts: TensorBoardSink.Facts
    private let losses: SinkLosses
    private var files: EventDirectory
    private var known: KnownEvents
    private var scalars: MetricsScalars
    /// Stands behind the lines that are in the event files.
    private var follower: LineFollower

    /// Reads what earlier processes have written.
    init(_ facts: TensorBoardSink.Facts, _ losses: SinkLosses) {
        self.facts = facts
        self.losses = losses
        files = EventDirectory(facts.directory)
        known = files.known()
        scalars = MetricsScalars(batchSize: facts.batchSize)
        follower = LineFollower(facts.metricsPath)
    }

    /// Writes what the run has before its first step: its config, pictures of samples, and what is missing
    /// because an earlier process was killed.
    mutating func begin() {
        let config = Self.block(facts.config)
        if config != known.config {
            write([BoardValue(KnownEvents.configTag, .text(config))], step: facts.firstStep)
        }
        for (tag, image) in facts.pictures where !known.pictures.contains(tag) {
            if let image = image() { write(image, tag: tag, step: facts.firstStep) }
        }
        writeLines()
        for entry in ((try? facts.checkpoints.list()) ?? []).reversed() { writeHistograms(of: entry) }
    }

    /// A block of code, in which nothing is markup.
    private static func block(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
    }

    /// Writes a text of a language model, unless one of its step is there.
    mutating func writeSample(_ text: String, step: Int) {
        guard !known.samples.contains(step) else { return }
        write([BoardValue(KnownEvents.sampleTag, .text(Self.block(text)))], step: step)
    }

    /// Writes the points of all new lines of `metrics.jsonl`. Lines that cannot be written are tried again
    /// the next time. Returns the reason, and the number of these.
    @discardableResult
    mutating func writeLines() -> (reason: String, lines: Int)? {
        while true {
            var (ahead, scalars, known) = (follower, scalars, known)
            var events: [BoardEvent] = []
            do {
                let lines = try ahead.next()
                guard !lines.isEmpty else { return nil }
                let time = Clock.wallSeconds()
                events = lines.compactMap { line -> BoardEvent? in
                    guard
                        let value = JSON5.parse(line, name: "metrics.jsonl", diagnostics: Diagnostics()),
                        let (mark, values) = scalars.points(value), !values.isEmpty, !known.take(mark)
                    else { return nil }
                    return BoardEvent(time: time, step: mark.step, values: values)
                }
                if !events.isEmpty { try files.append(events, time: time) }
            } catch {
                return ("\(error)", max(1, events.count))
            }
            (follower, self.scalars, self.known) = (ahead, scalars, known)
        }
    }

    /// Writes the histograms of a checkpoint's weights, unless they are there.
    mutating func writeHistograms(of entry: CheckpointStore.Entry) {
        guard !known.histograms.contains(entry.step) else { return }
        do {
            let model = try SafeTensors(path: Path.join(entry.path, Checkpoint.modelFile))
            let values = model.tensors.compactMap { tensor -> BoardValue? in
                guard let floats = tensor.floats() else { return nil }
                return BoardValue(
                    KnownEvents.histogramPrefix + tensor.name,
                    .histogram(floats.withUnsafeBufferPointer { WeightHistogram.buckets(of: $0) }))
            }
            write(values, step: entry.step)
        } catch {
            losses.add(because: "\(error)")
        }
    }

    mutating func write(_ image: ByteImage, tag: String, step: Int) {
        do {
            let picture = BoardValue.Picture(
                width: image.width, height: image.height, png: try PNGFile.encode(image))
            write([BoardValue(tag, .picture(picture))], step: step)
        } catch {
            losses.add(because: "\(error)")
        }
    }

    private mutating func write(_ values: [BoardValue], step: Int) {
        let event = BoardEvent(time: Clock.wallSeconds(), step: step, values: values)
        do {
            try files.append([event], time: event.time)
            known.add(event)
        } catch {
            losses.add(because: "\(error)")
        }
    }
}
