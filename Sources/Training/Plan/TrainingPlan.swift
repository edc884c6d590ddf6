import Collectives
import Datasets
import Jobs
import Kernels
import NeuralNetwork

/// The facts of the decoded data that decide the shape of the training.
package struct DataFacts: Equatable, Sendable {
    package let sampleShape: [Int]
    /// Nil for data without classes.
    package let classCount: Int?
    /// Target values of a sample; nil for data with classes.
    package let targetWidth: Int?
    package let trainCount: Int
    package let validationCount: Int
    package let testCount: Int
    /// True if no sample for training is of the first class.
    package let lacksFirstClass: Bool
    /// Nil for data that are no sequences of tokens or of unequal lengths.
    package let sequences: SequenceFacts?

    package init(
        sampleShape: [Int], classCount: Int?, targetWidth: Int? = nil, trainCount: Int, validationCount: Int,
        testCount: Int, lacksFirstClass: Bool = false, sequences: SequenceFacts? = nil
    ) {
        self.sampleShape = sampleShape
        self.classCount = classCount
        self.targetWidth = targetWidth
        self.trainCount = trainCount
        self.validationCount = validationCount
        self.testCount = testCount
        self.lacksFirstClass = lacksFirstClass
        self.sequences = sequences
    }
}

/// The facts of sequences that decide the shape of the training.
package struct SequenceFacts: Equatable, Sendable {
    /// Tokens are below this number; nil for values.
    package var vocabulary: Int?
    /// True if samples may have unequal lengths.
    package var isRagged: Bool
    /// True if the targets are the next tokens.
    package var predictsNextToken: Bool

    package init(vocabulary: Int?, isRagged: Bool, predictsNextToken: Bool) {
        self.vocabulary = vocabulary
        self.isRagged = isRagged
        self.predictsNextToken = predictsNextToken
    }

    /// Nil for a data set that is no stream.
    package init?(_ form: DatasetForm) {
        guard let stream = form.stream else { return nil }
        self.init(
            vocabulary: stream.vocabulary, isRagged: stream.index == .table,
            predictsNextToken: form.targets == .nextToken)
    }
}

/// A job compiled against the facts of its data: the same on the coordinator and on every worker.
package struct TrainingPlan: Sendable {
    package let job: Job
    package let facts: DataFacts
    package let network: NetworkPlan
    /// The form of the targets.
    package let targets: TargetForm
    /// The layouts of the sums of a training step and of an evaluation.
    package let trainReport: ReportLayout
    package let evaluationReport: ReportLayout
    package let geometry: BatchGeometry
    /// The steps of all epochs; rules may end the job before.
    package let totalSteps: Int
    package let decisions: Decisions

    private static let mostParameters = 1 << 32

    /// - Throws: `PlanError` if the job does not fit the data, or cannot be trained.
    package init(_ job: Job, _ facts: DataFacts) throws(PlanError) {
        guard facts.trainCount > 0 else {
            throw PlanError("the training set is empty: give it at least one sample")
        }
        if let network = try Self.measured(job, facts) {
            try self.init(measuring: network, job, facts)
        } else {
            try self.init(training: job, facts)
        }
    }

    private init(measuring network: NetworkPlan, _ job: Job, _ facts: DataFacts) throws(PlanError) {
        self.job = job
        self.facts = facts
        self.network = network
        geometry = BatchGeometry(
            sampleCount: facts.trainCount, batchSize: facts.trainCount,
            microbatches: Self.measuringMicrobatches(job, facts))
        totalSteps = min(job.epochs, job.maxSteps ?? .max)
        decisions = Decisions(job)
        targets = facts.classCount.map { .classes($0) } ?? .values(1)
        (trainReport, evaluationReport) = Self.measuringReports(job, facts)
        try Self.checkMonitors(decisions, facts, train: trainReport, evaluation: evaluationReport)
    }

    private init(training job: Job, _ facts: DataFacts) throws(PlanError) {
        try Self.checkAugmentation(job, facts)
        network = try Self.network(job, facts)
        targets = try Self.targets(job, facts)
        try Self.checkSequences(facts, network)
        try Self.checkOutput(job, facts, targets, network)
        try Self.checkWeights(job.loss, targets, outputs: network.outputShape.count)
        try job.optimization.check(network.layout)
        let metrics = job.metrics ?? Metric.defaults(job.loss, targets, areInputs: job.data.target == .input)
        try Self.checkMetrics(metrics, job.loss, targets)
        let outputs = network.outputShape.count
        trainReport = ReportLayout(
            loss: job.loss, metrics: metrics, targets: targets, outputs: outputs, isEvaluation: false)
        evaluationReport = ReportLayout(
            loss: job.loss, metrics: metrics, targets: targets, outputs: outputs, isEvaluation: true)
        decisions = Decisions(job)
        try Self.checkMonitors(decisions, facts, train: trainReport, evaluation: evaluationReport)
        let batchSize = min(job.batchSize ?? facts.trainCount, facts.trainCount)
        geometry = BatchGeometry(
            sampleCount: facts.trainCount, batchSize: batchSize,
            microbatches: job.microbatches ?? Self.defaultMicrobatches(network, batchSize: batchSize))
        totalSteps = min(job.epochs * geometry.stepsPerEpoch, job.maxSteps ?? .max)
        try Self.checkCost(network, batchSize: batchSize)
        self.job = job
        self.facts = facts
        if job.samples != nil { try checkSamples() }
    }

    /// Checks that the model can write the texts that the job asks for.
    private func checkSamples() throws(PlanError) {
        do { _ = try SequenceGenerator.vocabulary(of: self) } catch {
            throw PlanError(
                "`logging.samples` asks for texts, but \(error.description)", field: "logging.samples")
        }
    }

    /// Checks that the model's embeddings have a row for every token, and that it can read samples of unequal
    /// lengths, if the data have such.
    private static func checkSequences(_ facts: DataFacts, _ network: NetworkPlan) throws(PlanError) {
        for layer in network.layers {
            guard case .embedding(let entries, _, _) = layer.spec else { continue }
            guard layer.inputs == [0], let vocabulary = facts.sequences?.vocabulary else {
                throw PlanError(
                    "`\(layer.name)` looks up tokens, but it is given other values: embeddings are for `text`"
                        + " data, as the first layer", layer: layer.name)
            }
            guard entries >= vocabulary else {
                throw PlanError(
                    "`\(layer.name)` has \(entries) rows, but there are \(vocabulary) different tokens: "
                        + "give it {embedding: \(vocabulary)}", layer: layer.name)
            }
        }
        guard let sequences = facts.sequences, sequences.isRagged else { return }
        if let layer = network.layers.first(where: { $0.spec == .flatten && $0.input.isSequence }) {
            throw PlanError(
                "`\(layer.name)` makes one row of \(layer.input.positions) positions, but the samples have"
                    + " unequal lengths: use \"global_average_pool\", \"global_max_pool\" or the last output"
                    + " of a recurrent layer", layer: layer.name)
        }
        guard network.samplesAreIndependent else {
            throw PlanError("samples of unequal lengths cannot be read as images", field: "model")
        }
    }

    private static func network(_ job: Job, _ facts: DataFacts) throws(PlanError) -> NetworkPlan {
        let layers = try layers(job, facts)
        let network: NetworkPlan
        do {
            network = try NetworkPlan(
                layers: layers, input: TensorShape(facts.sampleShape), loss: job.loss, freeze: job.freeze,
                adapters: job.adapters)
        } catch {
            // A mistake without a layer is one of `freeze` or `lora`, whose name it begins with.
            let field = error.description.hasPrefix("`lora.") ? "lora" : "freeze"
            throw PlanError(
                error.description, layer: error.layer.isEmpty ? nil : error.layer,
                field: error.layer.isEmpty ? field : nil)
        }
        guard !network.layout.tensors.isEmpty else {
            throw PlanError(
                network.layout.frozen.isEmpty
                    ? "the model has nothing to train: add a layer with weights, such as {dense: 10}"
                    : "`freeze` covers every layer of the model: leave one to train, such as its head",
                field: network.layout.frozen.isEmpty ? "model" : "freeze")
        }
        guard network.layout.parameterSpace <= mostParameters else {
            throw PlanError(
                "the model has more than \(mostParameters) parameters, which no machine trains: "
                    + "make its layers smaller"
            )
        }
        return network
    }

    /// Checks the cost; below these limits, costs may be added up in whole numbers.
    private static func checkCost(_ network: NetworkPlan, batchSize: Int) throws(PlanError) {
        let operations = network.layers.reduce(0) { $0 + Double($1.operations) }
        let values = network.layers.reduce(Double(network.inputShape.count)) { $0 + Double($1.output.count) }
        guard operations < 0x1p60, 4 * values * Double(batchSize) < 0x1p60 else {
            throw PlanError(
                "the model takes more time or memory than any machine has: "
                    + "make its layers or the batch smaller"
            )
        }
    }

    /// - Throws: `PlanError` if the job augments samples that are no images.
    package static func checkAugmentation(_ job: Job, _ facts: DataFacts) throws(PlanError) {
        guard job.data.augmentation != nil, let problem = Augmentation.problem(sampleShape: facts.sampleShape)
        else { return }
        throw PlanError(problem, field: "data.augment")
    }

    private static func checkMonitors(
        _ decisions: Decisions, _ facts: DataFacts, train: ReportLayout, evaluation: ReportLayout
    ) throws(PlanError) {
        for monitor in decisions.monitors {
            if monitor.source == .validation, facts.validationCount == 0 {
                throw PlanError(
                    "`\(monitor.name)` is monitored, but the job has no validation data: give data.validation"
                )
            }
            let names = (monitor.source == .train ? train : evaluation).names
            guard names.contains(monitor.metric) else {
                throw PlanError(
                    "`\(monitor.name)` is monitored, but the job does not measure it; "
                        + "it measures \(names.joined(separator: ", "))"
                )
            }
        }
    }

    /// The most targets of a batch that count: its samples, or the positions of its sequences.
    var mostCountedTargets: Int {
        if case .tokens = targets { return geometry.batchSize * network.outputShape.positions }
        return geometry.batchSize
    }

    /// Rules decide after every evaluation how to go on; members wait for that.
    package var awaitsDecision: Bool { !decisions.isEmpty }

    /// True if an epoch, or the job, ends when `done` steps are done.
    package func endsEpoch(_ done: Int) -> Bool {
        done > 0 && (done % geometry.stepsPerEpoch == 0 || done == totalSteps)
    }

    /// The epoch (from 1) that the `done`-th step belongs to.
    package func epoch(afterSteps done: Int) -> Int { max(0, done - 1) / geometry.stepsPerEpoch + 1 }

    /// The distinct steps under an assignment: index 0 a full batch, index 1 the ragged last one, if there is
    /// one.
    package func stepPlans(_ assignment: Assignment) -> [StepPlan] {
        geometry.distinctBatchSizes.map {
            StepPlan(sizes: geometry.microbatchSizes(batchSize: $0), assignment: assignment)
        }
    }

    package func stepPlanIndex(_ step: Int) -> Int {
        geometry.batchSize(ofStep: step) == geometry.batchSize ? 0 : 1
    }
}
