import Datasets
import Jobs
import System
import Training

/// The findings about the sets of a job, or about some data, after one look at each.
package struct DataInspection {
    package enum Findings {
        case table(TableReport)
        case images(ImageReport)
        case samples(DatasetReport)
    }

    package struct DataSet {
        package let name: String
        package let findings: Findings
        /// The samples of the set in the order of `hashes`; nil: all of them.
        package var part: [Int]?
        /// Whether the findings are those of the set before, of which this one is another part.
        package var isAnotherPart = false
        /// The class of each sample of the findings, and the names of the classes; empty without classes.
        /// The tokens of texts; nil for other data.
        package var sequences: SequenceReport?
        var labels: [Int32] = []
        var classNames: [String] = []

        /// A hash of each sample.
        var hashes: [UInt64] {
            let all =
                switch findings {
                case .table(let report): report.rowHashes
                case .images(let report): report.hashes
                case .samples(let report): report.hashes
                }
            return part.map { $0.filter { $0 < all.count }.map { all[$0] } } ?? all
        }

        package var count: Int { hashes.count }

        /// The classes with the samples of this set; empty where they are not known.
        package var classes: [NamedCount] {
            let chosen = part.map { $0.filter { $0 < labels.count }.map { labels[$0] } } ?? labels
            return labels.isEmpty ? [] : [NamedCount](of: chosen, named: classNames)
        }
    }

    /// The batch size and whether samples are windows, for what is said of sequences.
    private var batchSize = 32
    private var isStream = false
    package private(set) var sets: [DataSet] = []
    package private(set) var overlaps: [SampleOverlap] = []
    package private(set) var notes: [DataNote] = []
    /// The errors that a training would end with.
    package private(set) var faults: [String] = []

    /// Inspects the sets of a job.
    /// - Throws: `DatasetError` or `SystemError` if a table or a folder cannot be looked at.
    package init(_ job: Job) throws {
        try self.init(job.data, task: job.loss.kind.targetTask, batchSize: job.batchSize ?? 32)
    }

    /// Inspects one source.
    package init(_ source: DataSpec.Source) throws {
        try self.init(DataSpec(train: source), task: nil)
    }

    /// - Parameter task: decides what a table's target is where the table does not say.
    package init(_ spec: DataSpec, task: TableRules.Task?, batchSize: Int = 32) throws {
        self.batchSize = batchSize
        let others = [("validation", spec.validation), ("test", spec.test)].compactMap { name, source in
            source.map { (name, $0) }
        }
        let isAlone = others.isEmpty && spec.split == nil
        try look(at: spec.train, isAlone ? "data" : "train", task: task)
        for (name, source) in others { try look(at: source, name, task: task) }
        try read(spec, task: task, isAlone: isAlone)
        addDoubts()
        overlaps = SampleOverlap.all(sets.map { (name: $0.name, hashes: $0.hashes) })
    }

    /// Inspects sets that have been decoded already, without their files.
    /// - Parameter limit: returns the most samples of a set that are looked at, at equal distances.
    /// - Throws: `DatasetError` if a copy of some samples does not fit into memory.
    package init(decoded data: DecodedData, limit: (Dataset) -> Int) throws {
        isStream = data.train.hasWindows
        note(data.notes)
        for (name, dataset) in [("train", data.train), ("validation", data.validation), ("test", data.test)] {
            guard let dataset else { continue }
            let places = Thinning.places(dataset.count, most: limit(dataset))
            let looked = places.count < dataset.count ? try dataset.selecting(places) : dataset
            take(looked, as: name, data.encoding, at: sets.count)
        }
        addDoubts()
        overlaps = SampleOverlap.all(sets.map { (name: $0.name, hashes: $0.hashes) })
    }

    // MARK: - Looking

    /// Looks at a table or a folder of images as it is. Other data are looked at once they are decoded.
    private mutating func look(at source: DataSpec.Source, _ name: String, task: TableRules.Task?) throws {
        switch source {
        case .limited(let inner, let count):
            let before = sets.count
            try look(at: inner, name, task: task)
            if sets.count > before { sets[before].part = Array(0..<min(count, sets[before].hashes.count)) }
        case .csv(let path, let format, var rules):
            rules.usualTask = task
            let report = try TableReport(path: path, format: format, rules: rules)
            sets.append(DataSet(name: name, findings: .table(report)))
            // Columns are judged by the training table alone: others are encoded like it.
            let isFirst = sets.count == 1
            note(isFirst ? report.notes : report.readingNotes)
            if isFirst { for fault in report.columns.compactMap(\.fault) { add(fault) } }
        case .imageFolder(let folder):
            let report = try ImageReport(folder)
            sets.append(
                DataSet(
                    name: name, findings: .images(report), labels: report.labels,
                    classNames: report.classes.map(\.name)))
            // Damaged images are an error, or left out with a note.
            note(report.survey.notes.filter { report.fault == nil || $0.kind != "damaged_images" })
            if let fault = report.fault { add(fault) }
        default: break
        }
    }

    private mutating func note(_ further: [DataNote]) {
        notes += further.filter { !notes.contains($0) }
    }

    private mutating func add(_ fault: String) {
        if !faults.contains(fault) { faults.append(fault) }
    }

    // MARK: - Reading as a training does

    /// Decodes the data as a training would, unless it is clear that this fails, for its errors and notes and
    /// the parts of a split. A table or a folder alone is known already.
    private mutating func read(_ spec: DataSpec, task: TableRules.Task?, isAlone: Bool) throws {
        guard faults.isEmpty, !(isAlone && sets.count == 1) else { return }
        var whole = spec
        if case .text(let text) = spec.train { isStream = text.isStream } else { whole.split = nil }
        whole.normalization = .none
        whole.whitening = nil
        let data: DecodedData
        do {
            data = try DecodedData(reading: whole, task: task)
        } catch let error as DatasetError {
            return add(error.description)
        } catch let error as SystemError {
            return add(error.description)
        }
        note(data.notes)
        let trainName = isAlone ? "data" : "train"
        let decoded = [(trainName, data.train), ("validation", data.validation), ("test", data.test)]
        for (name, dataset) in decoded {
            guard let dataset else { continue }
            take(dataset, as: name, data.encoding, at: decoded.prefix { $0.0 != name }.count { $0.1 != nil })
        }
        guard let split = spec.split, whole.split == nil else { return }
        do { divide(try split.parts(of: data.train)) } catch { add("\(error)") }
    }

    /// Takes the labels of a set, and its findings where there are none yet.
    private mutating func take(
        _ dataset: Dataset, as name: String, _ encoding: DataEncoding, at place: Int
    ) {
        if let index = sets.firstIndex(where: { $0.name == name }) {
            // A limit shortens what is decoded, and leaves the findings.
            sets[index].labels = Array(dataset.labels)
            sets[index].classNames = dataset.classNames ?? []
            return
        }
        let report = DatasetReport(
            dataset, featureOffsets: encoding.featureOffsets, targetOffsets: encoding.targetOffsets,
            names: encoding.table?.featureNames)
        sets.insert(
            DataSet(
                name: name, findings: .samples(report),
                sequences: SequenceReport(
                    dataset, encoding.tokenizer, isStream: isStream, batchSize: batchSize),
                labels: report.labels, classNames: dataset.classNames ?? []), at: min(place, sets.count))
    }

    /// Makes the sets of a split of the training set.
    private mutating func divide(_ parts: DataSplit.Parts) {
        guard let whole = sets.first else { return }
        let others = [("validation", parts.validation), ("test", parts.test)].filter { !$0.1.isEmpty }
        sets[0].part = parts.train
        let made = others.map { name, part in
            DataSet(
                name: name, findings: whole.findings, part: part, isAnotherPart: true, labels: whole.labels,
                classNames: whole.classNames)
        }
        sets.insert(contentsOf: made, at: 1)
        let order = DataPart.Name.allCases.map(\.rawValue)
        sets.sort { order.firstIndex(of: $0.name) ?? 0 < order.firstIndex(of: $1.name) ?? 0 }
    }

    // MARK: - Doubts

    /// Adds the doubts that come from counts alone: classes that differ much in size, samples that say
    /// nothing.
    private mutating func addDoubts() {
        guard let train = sets.first else { return }
        let empty = train.classes.filter { $0.count == 0 }
        if !empty.isEmpty, empty.count < train.classes.count {
            let names = TextFormat.list(empty.map(\.name))
            note([
                DataNote(
                    "classes_without_samples", "\(train.name) has no sample of \(names)",
                    cure: "set split: {validation: 0.2, stratify: true}, or give samples of each class")
            ])
        }
        let imbalance = train.classes.imbalance
        if imbalance >= Self.unbalanced {
            note([
                DataNote(
                    "unbalanced_classes",
                    "the largest class of \(train.name) has \(TextFormat.fixed(imbalance, 1)) times the"
                        + " samples of the smallest, so that the accuracy says little about the small ones",
                    cure: "set loss: {cross_entropy: {class_weights: \"balanced\"}} and metrics: [\"f1\"]")
            ])
        }
        for set in sets where set.part == nil {
            switch set.findings {
            case .table: break
            case .images(let report):
                note(Self.blanks(report.blankImages, "image", "are of one colour", in: set.name))
            case .samples(let report):
                guard report.form.sampleShape.count > 1 else { continue }
                note(
                    Self.blanks(report.blankSamples, "sample", "have the same value everywhere", in: set.name)
                )
            }
        }
    }

    /// A class of which there are so many times the samples of another one is worth a warning.
    static let unbalanced = 10.0

    private static func blanks(_ count: Int, _ noun: String, _ text: String, in name: String) -> [DataNote] {
        guard count > 0 else { return [] }
        return [
            DataNote(
                "blank_samples", "\(TextFormat.count(count, noun)) of \(name) \(text)",
                cure: "remove them if they are mistakes")
        ]
    }
}
