import Datasets
import Jobs
import Kernels
import Pages
import Runs
import System
import Training

/// The parts of a report beside the course of the run, gathered stage by stage, until the time is over.
struct ReportContent {
    private let models: ReportModels
    private let facts: RunFacts
    private let limits: ReportLimits
    private let clock: ReportClock
    private let lanes: LanePool
    private var data: ReportData?

    private(set) var plots: [Plot] = []
    /// The stages without a result, each with its reason.
    private(set) var leftOut: [String] = []
    /// The measures on some sets, and the samples that they are of.
    private(set) var measured: [(set: String, samples: String, figures: [SetEvaluation.Figure])] = []
    /// How the first of these sets was classified; nil for other models.
    private(set) var confusion: ReportedConfusion?
    /// The samples of each set; empty where the data were not read.
    private(set) var sizes: [(set: String, samples: Int)] = []
    /// Samples of the largest class for each of the smallest, if that is worth a warning.
    private(set) var imbalance: Double?
    /// Facts that spoil the figures, such as samples in two sets.
    private(set) var dataNotes: [String] = []

    /// Data of more bytes than this are not read a second time from their files, if they are in memory.
    private static let mostBytes = 16 << 20
    /// The range of values is searched in the whole training set.
    private static let mostSheetBytes = 512 << 20

    init(
        _ models: ReportModels, data: ReportData?, _ facts: RunFacts, _ limits: ReportLimits,
        _ lanes: LanePool
    ) {
        self.models = models
        self.facts = facts
        self.limits = limits
        self.lanes = lanes
        clock = ReportClock(limits)
        self.data = data ?? models.all.first.map { .job($0.job.job.data, $0.state.encoding) }
    }

    /// The steps of the job; nil: unknown.
    var steps: Int? { models.plan?.totalSteps }

    mutating func gather() {
        guard let model = models.all.first, let plan = models.plan else {
            leftOut.append("evaluation: \(models.fault ?? "there is no checkpoint")")
            return
        }
        if plan.job.task == .training {
            evaluate()
            stage("filters of the first layer") { content in
                try content.models.tensors.flatMap { try FilterPictures(plan, $0).plot() }.map { [$0] } ?? []
            }
        } else {
            stage("clusters and components") { try $0.measure(model, plan) }
        }
        stage("samples") { try $0.samples(model) }
        stage("data report") { try $0.inspect(model) }
    }

    /// Runs a stage if there is time; what it throws is its reason for being left out.
    private mutating func stage(_ name: String, _ body: (inout ReportContent) throws -> [Plot]) {
        guard clock.left > 0 else { return leftOut.append("\(name): the time was over") }
        do { plots += try body(&self) } catch { leftOut.append("\(name): \(error)") }
    }

    // MARK: Evaluation

    /// The sets that can be evaluated, the most telling one first.
    private func evaluated(_ model: TrainedModel) -> [DataPart.Name] {
        let spec = model.job.job.data
        var names: [DataPart.Name] = []
        if spec.test != nil || spec.split?.test != nil { names.append(.test) }
        if spec.validation != nil || spec.split?.validation != nil { names.append(.validation) }
        return names.isEmpty ? [.train] : names
    }

    private mutating func evaluate() {
        for name in evaluated(models.all[0]) {
            stage("evaluation on the \(name.rawValue) set") { content in
                guard let evaluation = try content.evaluation(name) else { return [] }
                guard let measures = evaluation.measures() else { return [] }
                let isFirst = content.measured.isEmpty
                content.measured.append((name.rawValue, evaluation.sentence, measures.figures))
                guard isFirst else { return [] }
                content.confusion = ReportedConfusion(evaluation, measures)
                let offsets = evaluation.model.state.encoding.targetOffsets
                return [content.basis(evaluation)] + measures.plots(offsets: offsets)
                    + (try content.mistakes(evaluation))
            }
        }
    }

    private func evaluation(_ name: DataPart.Name) throws -> SetEvaluation? {
        guard let part = try data?.part(name) else { return nil }
        return try SetEvaluation(models.all, on: part, named: name.rawValue, limits, clock, lanes)
    }

    /// Says what was evaluated.
    private func basis(_ evaluation: SetEvaluation) -> Plot {
        let model = evaluation.model
        let who =
            models.all.count > 1
            ? "the \(models.all.count) members of the ensemble together"
            : "the checkpoint of step \(TextFormat.grouped(model.step))"
        var text = "Evaluated: \(who), on \(evaluation.sentence)."
        if case .job = data, evaluation.part.dataset.count == evaluation.total,
            let name = DataPart.Name(rawValue: evaluation.set),
            !model.state.knows(evaluation.part.dataset, as: name)
        {
            text += " The data have changed since the training."
        }
        return Plot(.evaluation, "What was evaluated", alt: text, .text(text))
    }

    private func mistakes(_ evaluation: SetEvaluation) throws -> [Plot] {
        guard let predictions = evaluation.predictions else { return [] }
        return try MistakePlots(
            predictions, named: evaluation.names, of: evaluation.part, evaluation.model.state.encoding
        ).plots()
    }

    // MARK: Clusters and components

    private func measure(_ model: TrainedModel, _ plan: TrainingPlan) throws -> [Plot] {
        guard let measured = try model.measured(plan, lanes: lanes),
            let whole = try data?.part(evaluated(model)[0])
        else { return [] }
        let most = limits.samples(of: whole.dataset)
        let part =
            most < whole.dataset.count
            ? try whole.selecting(Thinning.places(whole.dataset.count, most: most)) : whole
        let answers = withExtendedLifetime(measured.answer(0..<part.dataset.count, of: part.dataset)) {
            Array($0.elements.prefix(part.dataset.count * measured.columns.count))
        }
        func values(_ name: String) -> [Float] { models.tensors?[name]?.floats() ?? [] }
        if measured.areClusters {
            return ClusterPlots(
                answers, centres: values("centroids"), of: part, model.state.encoding
            ).plots
        }
        return ComponentPlots(
            answers, components: measured.columns.count, ratios: values("explained_variance_ratio"),
            of: part
        ).plots
    }

    // MARK: Data

    private mutating func samples(_ model: TrainedModel) throws -> [Plot] {
        let job = model.job.job
        guard model.state.sampleShape?.count == 3, let part = try data?.part(.train) else { return [] }
        guard part.dataset.serialized.count <= Self.mostSheetBytes else {
            throw DatasetError("the training set is large; `dist-train data preview` draws its samples")
        }
        return try SampleSheet.plot(of: part.dataset, job.data.augmentation, seed: job.seed).map { [$0] }
            ?? []
    }

    private mutating func inspect(_ model: TrainedModel) throws -> [Plot] {
        let (inspection, note) = try inspection(model)
        if sizes.isEmpty {
            sizes = inspection.sets.map { ($0.name == "data" ? "train" : $0.name, $0.count) }
        }
        let imbalance = inspection.sets.first?.classes.imbalance ?? 1
        if imbalance >= DataInspection.unbalanced { self.imbalance = imbalance }
        dataNotes = inspection.overlaps.map(\.note.text)
        return DataPlots(inspection, note: note).plots
    }

    /// Looks at the data as `data inspect` does, or only at those in memory where there are many.
    private mutating func inspection(_ model: TrainedModel) throws -> (DataInspection, note: String?) {
        guard case .decoded(let decoded)? = data else { return (try DataInspection(model.job.job), nil) }
        sizes = [("train", decoded.train), ("validation", decoded.validation), ("test", decoded.test)]
            .compactMap { name, dataset in dataset.map { (name, $0.count) } }
        // Photographs are many times as large in their files as the samples that are made of them.
        let isCheap = limits.seconds == nil || decoded.train.sampleShape.count != 3
        if isCheap, decoded.byteCount <= Self.mostBytes, let whole = try? DataInspection(model.job.job) {
            return (whole, nil)
        }
        let most = limits.samples(of: decoded.train)
        let note =
            sizes.contains { $0.samples > most }
            ? "Of each set at most \(TextFormat.grouped(most)) samples were looked at;"
                + " `dist-train data inspect` looks at all." : nil
        return (try DataInspection(decoded: decoded, limit: limits.samples), note)
    }
}

// MARK: - What it says about itself

extension ReportContent {
    /// The figures of the result, with the intervals that were measured for the same values and model.
    func figures(of entry: RunEntry) -> [Figure] {
        let isLast = models.all.count > 1 || models.all.first?.step == entry.result?["steps"]?.integer
        return ["train", "validation", "test"].flatMap { set in
            entry.metrics(set).map { metric in
                let own = measured.first { isLast && $0.set == set }?.figures.first {
                    $0.name == metric.name
                        && ($0.value - metric.value).magnitude <= 1e-6 * max(1, metric.value.magnitude)
                }
                return Figure(
                    set: set, name: metric.name, value: metric.value,
                    interval: own?.interval.map { ($0.lowerBound, $0.upperBound) })
            }
        }
    }

    /// The sentences about which data the file holds and what was left out.
    func about(_ plots: [Plot], leftOut more: [String]) -> Plot {
        let lines = [HeldData(plots, hasModel: facts.model != nil).sentence] + missing(leftOut + more)
        return Plot(
            .data, "About this file", alt: lines[0], .text(lines.joined(separator: "\n")))
    }

    private func missing(_ parts: [String]) -> [String] {
        guard !parts.isEmpty else { return [] }
        let again =
            limits.seconds == nil
            ? ""
            : " `dist-train report \(ShellWords.quoted(facts.directory))` makes it again without a limit of"
                + " time."
        return ["Left out: \(parts.joined(separator: "; ")).\(again)"]
    }
}
