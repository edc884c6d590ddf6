/// The content of the event files of earlier processes of a run: nothing of it is written again.
struct KnownEvents {
    /// How often each line is there: an epoch in which a process was stopped has two lines of times.
    private var lines: [MetricsScalars.Mark: Int] = [:]
    /// Steps whose weights have histograms.
    private(set) var histograms: Set<Int> = []
    private(set) var pictures: Set<String> = []
    /// Steps that have a text of a language model.
    private(set) var samples: Set<Int> = []
    /// The newest config.
    private(set) var config: String?

    static let histogramPrefix = "weights/"
    static let configTag = "config"
    static let sampleTag = "generated_text"

    mutating func add(_ event: BoardEvent) {
        if let mark = event.values.lazy.compactMap({ Self.mark($0.tag, event.step) }).first {
            lines[mark, default: 0] += 1
        }
        for value in event.values {
            switch value.content {
            case .scalar: break
            case .histogram: histograms.insert(event.step)
            case .picture: pictures.insert(value.tag)
            case .text(let text):
                if value.tag == Self.configTag { config = text }
                if value.tag == Self.sampleTag { samples.insert(event.step) }
            }
        }
    }

    /// The line of which a scalar is a part. Every line has one of these, and one record is one line.
    private static func mark(_ tag: String, _ step: Int) -> MetricsScalars.Mark? {
        switch tag {
        case "seconds/step": MetricsScalars.Mark(kind: .step, step: step)
        case "seconds/epoch": MetricsScalars.Mark(kind: .epoch, step: step)
        case _ where tag.hasPrefix("times/"): MetricsScalars.Mark(kind: .times, step: step)
        default: nil
        }
    }

    /// Whether a line is there. Each comes once, so that it need not be remembered any longer.
    mutating func take(_ mark: MetricsScalars.Mark) -> Bool {
        guard let count = lines[mark] else { return false }
        lines[mark] = count > 1 ? count - 1 : nil
        return true
    }
}
