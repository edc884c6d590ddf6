import Datasets
import Kernels
import Metrics
import Runs
import System
import Training

/// The answers of models for a set. Where it has too many samples for a report, for some at equal distances.
package struct SetEvaluation {
    /// train, validation or test.
    let set: String
    /// The samples that were evaluated.
    let part: DataPart
    /// The samples of the set.
    let total: Int
    let predictions: RecordedPredictions?
    /// The names of the classes, answers or values.
    let names: [String]
    let model: TrainedModel

    /// The most numbers that are predicted; measures of more take seconds.
    static let mostNumbers = 2_000_000
    /// The part of the time that is left which an evaluation may take.
    private static let share = 0.4

    /// - Parameters:
    ///   - models: of networks, which answer together.
    ///   - clock: less time, fewer samples.
    /// - Throws: what `ModelEvaluation` throws.
    init(
        _ models: [TrainedModel], on whole: DataPart, named set: String, _ limits: ReportLimits,
        _ clock: ReportClock, _ lanes: LanePool
    ) throws {
        model = models[0]
        self.set = set
        total = whole.dataset.count
        let plan = try model.plan()
        let state = model.state
        names = RecordedPredictions.Kind(plan).map { RecordedPredictions.names($0, state) } ?? []
        let most = min(
            limits.samples(of: whole.dataset), max(100, Self.mostNumbers / max(1, names.count)))
        let evaluation = ModelEvaluation(models, lanes: lanes)
        // A few samples first, where many may take too long.
        let few = min(total, plan.chunkSize * lanes.lanes)
        var count = min(total, most)
        if count > 2 * few, clock.left < .infinity {
            let begin = Clock.monotonicSeconds()
            _ = try evaluation.predictions(on: whole.selecting(Thinning.places(total, most: few)).dataset)
            let perSample = (Clock.monotonicSeconds() - begin) / Double(few)
            let affordable = Self.share * max(0, clock.left) / max(1e-9, perSample)
            count = min(count, max(few, Int(min(affordable, 1e9))))
        }
        part = count < total ? try whole.selecting(Thinning.places(total, most: count)) : whole
        predictions = try evaluation.predictions(on: part.dataset)
    }

    /// Says which samples the figures are of.
    var sentence: String {
        let samples = TextFormat.count(part.dataset.count, "sample")
        let whole =
            part.dataset.count == total
            ? "all \(samples) of the \(set) set"
            : "\(samples) of the \(TextFormat.grouped(total)) in the \(set) set, at equal distances"
        return set == DataPart.Name.train.rawValue
            ? "\(whole) itself, because there is no other: they flatter the model" : whole
    }

    // MARK: Measures

    /// A figure with its 95 % interval.
    package struct Figure: Equatable, Sendable {
        let name: String
        let value: Double
        let interval: ClosedRange<Double>?
    }

    /// The measures, computed once.
    package enum Measures: Sendable {
        case classes(ClassPredictions, ClassReport)
        case values(ValuePredictions, ValueReport)
    }

    /// Numbers times resamples of a bootstrap: more would take seconds.
    private static let mostWork = 50_000_000

    func measures() -> Measures? {
        guard let predictions else { return nil }
        let numbers = max(1, predictions.count * max(1, names.count))
        let resampling = Resampling(count: max(20, min(1000, Self.mostWork / numbers)))
        if let classes = predictions.classes(named: names) {
            let metrics = ClassMetric.usual(
                predictions.kind, areProbabilities: predictions.areProbabilities)
            return .classes(classes, ClassReport(classes, metrics, resampling: resampling))
        }
        return predictions.values(named: names).map {
            .values($0, ValueReport($0, ValueMetric.allCases, resampling: resampling))
        }
    }
}

extension SetEvaluation.Measures {
    package var figures: [SetEvaluation.Figure] {
        switch self {
        case .classes(_, let report):
            report.measures.compactMap { measure in
                measure.value.map { .init(name: measure.metric.name, value: $0, interval: measure.interval) }
            }
        case .values(_, let report):
            report.measures.compactMap { measure in
                measure.value.map {
                    .init(name: measure.metric.rawValue, value: $0, interval: measure.interval)
                }
            }
        }
    }

    /// - Parameter offsets: what the data's encoding subtracted from each value.
    package func plots(offsets: [Double]) -> [Plot] {
        switch self {
        case .classes(let predictions, let report):
            ClassPlots(predictions, report).plots + (CurvePlots(predictions)?.plots ?? [])
        case .values(let predictions, let report):
            ValuePlots(predictions, report, offsets: offsets).plots
        }
    }
}
