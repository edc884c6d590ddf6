import Datasets
import Jobs
import NeuralNetwork

// The fields of a job that only its data decide. The coordinator fills it in once; workers get numbers.
extension Job {
    /// Returns the job with the fields filled in that its data decide, such as balanced class weights.
    /// - Throws: `PlanError` if a class has no sample, or if targets are no probabilities where the loss
    ///   needs them.
    package func completed(with data: DecodedData) throws(PlanError) -> Job {
        var job = self
        job.data.train.completeText(with: data.train)
        job.data.validation?.completeText(with: data.train)
        job.data.test?.completeText(with: data.train)
        if loss.classWeights == .balanced { job.loss.classWeights = .values(try balancedWeights(data.train)) }
        if loss.kind == .binaryCrossEntropy { try checkProbabilities(data) }
        return job
    }

    /// The validation metric by which the best model is chosen if the job names none: that of early stopping,
    /// or else the first metric of which large or small values are good, or else the loss.
    fileprivate func usualMonitor(_ train: Dataset) -> MetricMonitor {
        if let monitor = earlyStopping?.monitor, monitor.source == .validation { return monitor }
        let targets: TargetForm =
            train.classNames.map { .classes($0.count) }
            ?? (train.form.targets == .nextToken ? .tokens(train.form.stream?.vocabulary ?? 1) : .values(1))
        let metrics = metrics ?? Metric.defaults(loss, targets, areInputs: data.target == .input)
        let chosen = metrics.lazy.map(\.name).compactMap { name in
            MetricMonitor.usualMode(of: name).map { MetricMonitor(.validation, name, $0) }
        }
        return chosen.first ?? MetricMonitor(.validation, "loss", .min)
    }

    /// n / (K · n_c) (https://scikit-learn.org, compute_class_weight).
    private func balancedWeights(_ train: Dataset) throws(PlanError) -> [Double] {
        let field = "loss.\(loss.kind.rawValue).class_weights"
        guard let names = train.classNames else {
            throw PlanError("class weights need class labels, but the targets are values", field: field)
        }
        var counts = Array(repeating: 0, count: names.count)
        for label in train.labels { counts[Int(label)] += 1 }
        if let empty = counts.firstIndex(of: 0) {
            throw PlanError(
                "class \(empty) (`\(names[empty])`) has no sample in the training set, "
                    + "so it cannot be balanced: give class weights as numbers, or remove the class",
                field: field)
        }
        return counts.map { Double(train.count) / (Double(names.count) * Double($0)) }
    }

    /// Targets that are values must be probabilities.
    private func checkProbabilities(_ data: DecodedData) throws(PlanError) {
        guard self.data.target == .data else {
            guard self.data.normalization == .minMax else {
                throw PlanError(
                    "`binary_cross_entropy` wants targets from 0 to 1, and the target is the input: "
                        + "set `data.normalize` to \"min_max\", or use mse",
                    field: "loss")
            }
            return
        }
        let (values, width) = (data.train.values, data.train.form.targets.width)
        guard let bad = values.firstIndex(where: { !($0 >= 0 && $0 <= 1) }) else { return }
        throw PlanError(
            "`binary_cross_entropy` wants targets from 0 to 1, but target \(bad % width) of training sample "
                + "\(bad / width) is \(values[bad]): scale the targets, or use mse",
            field: "loss")
    }
}

extension JobFile {
    /// Returns the job with the fields filled in that its data decide, such as balanced class weights:
    /// workers get the numbers.
    /// - Throws: `PlanError` if the job does not fit the data.
    package func completed(with data: DecodedData) throws(PlanError) -> JobFile {
        var job = try job.completed(with: data)
        if job.checkpoint.best == nil, isLeftOut("checkpoint.best"), job.task == .training,
            data.validation != nil
        {
            job.checkpoint.best = job.usualMonitor(data.train)
        }
        return replacing(job)
    }
}

extension DataSpec.Source {
    /// Fills in the positions of a text's samples: those of the training set.
    fileprivate mutating func completeText(with train: Dataset) {
        switch self {
        case .text(var data):
            data.context = data.context ?? train.sampleShape[0]
            self = .text(data)
        case .limited(var source, let count):
            source.completeText(with: train)
            self = .limited(source, count: count)
        default: break
        }
    }
}
