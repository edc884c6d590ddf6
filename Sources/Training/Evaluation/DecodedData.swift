import Datasets
import Jobs
import NeuralNetwork

/// The data of a job, decoded once by the coordinator. Workers get the same bytes.
package struct DecodedData: Sendable {
    package let train: Dataset
    package let validation: Dataset?
    package let test: Dataset?
    package let normalization: Normalization
    /// How the training data became samples; on workers the classes alone are known.
    package let encoding: DataEncoding
    /// The remarks on the data; empty on workers.
    package let notes: [DataNote]

    package init(
        train: Dataset, validation: Dataset?, test: Dataset?, normalization: Normalization,
        encoding: DataEncoding? = nil, notes: [DataNote] = []
    ) {
        self.train = train
        self.validation = validation
        self.test = test
        self.normalization = normalization
        self.encoding = encoding ?? DataEncoding(classNames: train.classNames)
        self.notes = notes
    }

    /// Reads and decodes the sources that the job names. The encoding of a table is learned from the whole
    /// training file; the normalization comes from the training set (after limit and split).
    /// - Parameter task: decides what a table's target is where the table does not say; nil leaves it to the
    ///   target's cells.
    /// - Throws: `DatasetError` or `SystemError`.
    package init(reading spec: DataSpec, task: TableRules.Task? = nil) throws {
        var reader = SourceReader(task: task)
        var train: Dataset
        var validation: Dataset?
        var test: Dataset?
        if let split = spec.split, case .text(let text) = spec.train {
            (train, validation, test) = try reader.training(text, divided: split)
        } else {
            train = try reader.training(spec.train)
        }
        if let split = spec.split, validation == nil, test == nil {
            guard !train.hasWindows else {
                throw DatasetError(
                    "a text is divided by position, not after `data.train.limit`: leave out the limit, or"
                        + " the split")
            }
            let parts = try split.parts(of: train)
            if split.validation != nil { validation = try train.selecting(parts.validation) }
            if split.test != nil { test = try train.selecting(parts.test) }
            train = try train.selecting(parts.train)
        }
        func other(_ source: DataSpec.Source?, as name: String) throws -> Dataset? {
            guard let source else { return nil }
            let dataset = try reader.other(source)
            try train.requireSameForm(of: dataset, named: name, as: "train")
            return dataset
        }
        validation = try other(spec.validation, as: "validation") ?? validation
        test = try other(spec.test, as: "test") ?? test
        let normalization = Normalization(spec.normalization, of: train)
        let unitNotes = [("validation", spec.validation, validation), ("test", spec.test, test)].compactMap {
            name, source, dataset in
            source == nil ? nil : dataset.flatMap { normalization.unitNote(on: $0, named: name) }
        }
        self.init(
            train: train, validation: validation, test: test, normalization: normalization,
            encoding: reader.encoding, notes: reader.notes + unitNotes)
    }

    /// Reads and decodes the sources of a job. Its loss says whether a table's target is a class or a value.
    /// - Throws: `DatasetError` or `SystemError`.
    package init(reading job: Job) throws { try self.init(reading: job.data, task: job.loss.kind.targetTask) }

    /// Reads a source in the form of an earlier training: with its classes and its table's encoding. Returns
    /// also the files of the samples, where each has its own.
    /// - Parameter isTraining: which part of a source that has two it is.
    /// - Throws: `DatasetError` or `SystemError`.
    static func read(
        _ source: DataSpec.Source, isTraining: Bool, as encoding: DataEncoding
    ) throws -> (dataset: Dataset, files: [String]?) {
        var reader = SourceReader(isTraining: isTraining, as: encoding)
        let dataset = try reader.other(source)
        return (dataset, reader.files.map { Array($0.prefix(dataset.count)) })
    }

    /// Reads texts in the form of an earlier training, and divides them as it did.
    /// - Throws: `DatasetError` or `SystemError`.
    static func read(_ text: TextData, divided split: DataSplit, as encoding: DataEncoding) throws
        -> TextReader.Parts
    {
        var reader = SourceReader(isTraining: true, as: encoding)
        return try reader.training(text, divided: split)
    }

    /// Makes a training set of the same form and size with synthetic values, and no sets to evaluate.
    /// - Throws: `DatasetError` if it does not fit into memory.
    package func madeUp() throws -> DecodedData {
        DecodedData(
            train: try Dataset.madeUp(train.form), validation: nil, test: nil, normalization: normalization)
    }

    /// Bytes of all sets that are in memory, and no mapped files.
    package var byteCount: Int {
        [train, validation, test].reduce(0) { $0 + ($1?.isMapped == false ? $1?.serialized.count ?? 0 : 0) }
    }

    /// Nil for data that are no streams. Sequences count as of unequal lengths if those of any set are.
    package var sequenceFacts: SequenceFacts? {
        guard var facts = SequenceFacts(train.form) else { return nil }
        facts.isRagged = [train, validation, test].contains { $0?.isRagged == true }
        return facts
    }

    /// The sizes of the data sets that a plan needs.
    package var facts: DataFacts {
        let targetWidth: Int? = if case .values(let width) = train.form.targets { width } else { nil }
        return DataFacts(
            sampleShape: train.sampleShape, classCount: train.classNames?.count, targetWidth: targetWidth,
            trainCount: train.count,
            validationCount: validation?.count ?? 0, testCount: test?.count ?? 0,
            lacksFirstClass: !train.labels.isEmpty && !train.labels.contains(0), sequences: sequenceFacts)
    }
}

/// Reads the sources of one job. The training data come first; their classes and their encoding hold for the
/// others.
private struct SourceReader {
    private(set) var encoding = DataEncoding()
    /// The notes on everything that was read, each once.
    private(set) var notes: [DataNote] = []
    /// The files of the samples that were read last, where each has its own.
    private(set) var files: [String]?
    private var digits: (train: Dataset, validation: Dataset)?
    private var isTraining = true
    /// Whether the encoding is learned from what is read.
    private var learns = true
    private var task: TableRules.Task?
    private var texts = TextReader()

    init(task: TableRules.Task?) { self.task = task }

    /// Makes a reader for data in the form of an earlier training.
    init(isTraining: Bool, as encoding: DataEncoding) {
        self.encoding = encoding
        self.isTraining = isTraining
        learns = false
        texts = TextReader(tokenizer: encoding.tokenizer, classNames: encoding.classNames)
    }

    mutating func training(_ source: DataSpec.Source) throws -> Dataset {
        let dataset = try read(source)
        encoding.classNames = dataset.classNames
        isTraining = false
        learns = false
        return dataset
    }

    /// Reads texts that train, and divides them.
    mutating func training(_ text: TextData, divided split: DataSplit) throws -> TextReader.Parts {
        let parts = try texts.read(text, divided: split)
        keepTexts()
        encoding.classNames = parts.train.classNames
        isTraining = false
        learns = false
        return parts
    }

    /// The offsets that the training data have; nil while they are learned.
    private var knownOffsets: ArrayOffsets? {
        learns
            ? nil
            : ArrayOffsets(features: encoding.featureOffsets, targets: encoding.targetOffsets)
    }

    mutating func other(_ source: DataSpec.Source) throws -> Dataset { try read(source) }

    private mutating func keepTexts() {
        encoding.tokenizer = texts.known
        note(texts.notes)
    }

    private mutating func note(_ further: [DataNote]) {
        notes += further.filter { !notes.contains($0) }
    }

    private mutating func read(_ source: DataSpec.Source) throws -> Dataset {
        switch source {
        case .builtin(.digits):
            let both = try digits ?? Digits.load()
            digits = both
            return isTraining ? both.train : both.validation
        case .builtin(let set):
            if let table = encoding.table, !learns { return try set.table(with: table) }
            let (dataset, table) = try set.table()
            if learns { encoding.table = table }
            return dataset
        case .idx(let images, let labels, let firstClass):
            let (dataset, offsets, notes) = try Dataset.idx(
                images: images, labels: labels, firstClass: firstClass, classNames: encoding.classNames,
                offsets: knownOffsets)
            if learns { encoding.offsets = offsets }
            note(notes)
            return dataset
        case .mnist(let kind, let directory):
            let (dataset, notes) = try kind.read(directory, part: isTraining ? .train : .test)
            note(notes)
            return dataset
        case .csv(let path, let format, let rules):
            if let table = encoding.table, !learns {
                return try Dataset.csv(path: path, format: format, encoding: table)
            }
            var rules = rules
            rules.usualTask = task
            let (dataset, table, notes) = try Dataset.csv(path: path, format: format, rules: rules)
            note(notes)
            if learns { encoding.table = table }
            return dataset
        case .cifar10(let paths): return try CIFAR.ten(paths, part: isTraining ? .train : .test)
        case .cifar100(let path, let labels):
            return try CIFAR.hundred(
                path, labels: labels, part: isTraining ? .train : .test, names: encoding.classNames)
        case .npy(let files):
            let (dataset, offsets, notes) = try Dataset.npy(
                features: files.features, targets: files.targets, layout: files.layout,
                classes: files.classes, firstClass: files.firstClass, classNames: encoding.classNames,
                offsets: knownOffsets)
            if learns { encoding.offsets = offsets }
            note(notes)
            return dataset
        case .imageFolder(let folder):
            let (dataset, survey) = try Dataset.images(folder, classNames: encoding.classNames)
            note(survey.notes)
            files = survey.files
            return dataset
        case .text(let data):
            let dataset = try texts.read(data, isTraining: isTraining)
            keepTexts()
            return dataset
        case .madeUp(let data): return try Dataset.madeUp(data.form, part: isTraining ? .train : .other)
        case .limited(let source, let count): return try read(source).prefix(count)
        }
    }
}

extension Loss.Kind {
    /// The kind of target that this loss compares; nil if it can compare both.
    package var targetTask: TableRules.Task? {
        switch self {
        case .crossEntropy: .classification
        case .meanSquaredError, .meanAbsoluteError, .rootMeanSquaredError: .regression
        case .binaryCrossEntropy: nil
        }
    }
}
