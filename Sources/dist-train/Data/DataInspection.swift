import Datasets
import Jobs
import Training

/// The findings about the sets of a job, or about one source, after one look at each.
package struct DataInspection {
    package enum Findings {
        case table(TableReport)
        case samples(DatasetReport, classNames: [String])
    }

    package struct DataSet {
        package let name: String
        package let findings: Findings
        /// The samples of the set in the order of `hashes`; nil: all of them.
        let part: [Int]?

        /// A hash of each sample.
        var hashes: [UInt64] {
            let all =
                switch findings {
                case .table(let report): report.rowHashes
                case .samples(let report, _): report.hashes
                }
            return part.map { $0.filter { $0 < all.count }.map { all[$0] } } ?? all
        }
    }

    /// Samples of one set that are also in another one.
    package struct Overlap: Equatable {
        package let set: String
        package let other: String
        package let samples: Int
    }

    package private(set) var sets: [DataSet] = []
    package private(set) var overlaps: [Overlap] = []
    package private(set) var notes: [DataNote] = []

    /// Inspects the sets of a job.
    package init(_ job: Job) throws {
        var spec = job.data
        spec.normalization = .none
        let named =
            [("train", spec.train)]
            + [("validation", spec.validation), ("test", spec.test)].compactMap { name, source in
                source.map { (name, $0) }
            }
        let isTable = named.allSatisfy { Self.table($0.1) != nil }
        if isTable {
            for (name, source) in named { try addTable(name, source, task: job.loss.kind.targetTask) }
        } else {
            let data = try DecodedData(reading: job)
            notes = data.notes
            add("train", data.train)
            if let validation = data.validation { add("validation", validation) }
            if let test = data.test { add("test", test) }
        }
        if isTable { try divide(spec, task: job.loss.kind.targetTask) }
        compare()
    }

    /// Makes the sets of a split of the training table, if the table can be read.
    private mutating func divide(_ spec: DataSpec, task: TableRules.Task?) throws {
        guard let split = spec.split, let table = sets.first, faults.isEmpty else { return }
        let whole = try DecodedData(reading: DataSpec(train: spec.train), task: task)
        let parts = try split.parts(of: whole.train)
        let others = [("validation", parts.validation), ("test", parts.test)].filter { !$0.1.isEmpty }
        sets[0] = DataSet(name: "train", findings: table.findings, part: parts.train)
        sets.insert(
            contentsOf: others.map { DataSet(name: $0.0, findings: table.findings, part: $0.1) }, at: 1)
    }

    /// Inspects one source.
    package init(_ source: DataSpec.Source) throws {
        if Self.table(source) != nil {
            try addTable("data", source, task: nil)
        } else {
            let data = try DecodedData(reading: DataSpec(train: source))
            notes = data.notes
            add("data", data.train)
        }
    }

    private static func table(_ source: DataSpec.Source) -> (String, CSVFormat, TableRules)? {
        switch source {
        case .csv(let path, let format, let rules): (path, format, rules)
        case .limited(let source, _): table(source)
        default: nil
        }
    }

    private mutating func addTable(_ name: String, _ source: DataSpec.Source, task: TableRules.Task?) throws {
        guard let (path, format, given) = Self.table(source) else { return }
        var rules = given
        rules.usualTask = task
        let report = try TableReport(path: path, format: format, rules: rules)
        notes += report.notes.filter { !notes.contains($0) }
        var part: [Int]?
        if case .limited(_, let count) = source { part = Array(0..<min(count, report.rowHashes.count)) }
        sets.append(DataSet(name: name, findings: .table(report), part: part))
    }

    private mutating func add(_ name: String, _ dataset: Dataset) {
        sets.append(
            DataSet(
                name: name,
                findings: .samples(DatasetReport(dataset), classNames: dataset.classNames ?? []), part: nil))
    }

    /// Finds samples that are in more than one set.
    private mutating func compare() {
        for (index, set) in sets.enumerated() {
            for other in sets[..<index] {
                let count = DuplicateRows.count(of: set.hashes, in: other.hashes)
                guard count > 0 else { continue }
                overlaps.append(Overlap(set: set.name, other: other.name, samples: count))
            }
        }
    }
}
