import Datasets
import Jobs
import System
import TestSupport

/// The jobs in `config/`, on made-up samples of the form that their data have.
enum ReadyJobCases {
    static func names() throws -> [String] {
        try Directory.list(ProjectFiles.path("config")).filter { $0.hasSuffix(".json5") }.map {
            String($0.dropLast(".json5".count))
        }.sorted()
    }

    static func make(_ name: String, in directory: TemporaryDirectory) throws -> ExportCase {
        let overrides =
            name == "images-two-classes" || name == "finetune-resnet18"
            ? ["train", "test"].map { "data.\($0).image_folder.size=[32, 32]" } : []
        let file = try JobFile.load(path: ProjectFiles.path("config/\(name).json5"), overrides: overrides)
        // They are made numbers of when the training begins.
        var job = file.job
        job.loss.classWeights = nil
        if case .text(let text) = job.data.train { return try self.text(name, job, text) }
        let (shape, classes) = form(of: job.data.train)
        guard let shape else { return try table(name, job, in: directory) }
        let data = try Dataset.madeUp(
            DatasetForm(elementType: .uint8, sampleShape: shape, count: 5, targets: .absent))
        return try ExportCase(
            name, job, data, classes: (0..<classes).map { "class \($0)" }, seed: 6)
    }

    /// Made-up tokens, as many as the job's embedding has.
    private static func text(_ name: String, _ job: Job, _ text: TextData) throws -> ExportCase {
        let vocabulary = job.layers.compactMap {
            if case .embedding(let entries, _, _) = $0.spec { entries } else { nil }
        }.first
        guard let vocabulary else { throw DatasetError("`\(name)` has no embedding") }
        let positions = text.context ?? 12
        let data = try Dataset.madeUp(
            DatasetForm(
                elementType: .ofTokens(vocabulary), sampleShape: [positions, 1], count: 3,
                targets: text.target == nil ? .nextToken : .absent,
                stream: StreamForm(
                    positions: 3 * positions + 1, vocabulary: vocabulary, index: .table)))
        let classes = text.target.map { _ in (0..<6).map { "class \($0)" } }
        return try ExportCase(name, job, data, classes: classes, seed: 6)
    }

    /// The shape of a sample, nil for a table, and the number of classes.
    private static func form(of source: DataSpec.Source) -> (shape: [Int]?, classes: Int) {
        switch source {
        case .builtin(let set): (set == .digits ? [8, 8, 1] : nil, 10)
        case .mnist, .idx: ([28, 28, 1], 10)
        case .cifar10: ([32, 32, 3], 10)
        case .cifar100: ([32, 32, 3], 100)
        case .imageFolder: ([32, 32, 3], 2)
        case .madeUp(let data): (data.shape, data.classes ?? 0)
        case .limited(let source, _): form(of: source)
        case .csv, .npy, .text: (nil, 0)
        }
    }

    /// Made-up rows with the columns and classes of a table inside the program.
    private static func embedded(
        _ name: String, _ job: Job, _ set: EmbeddedDataset, in directory: TemporaryDirectory
    ) throws -> ExportCase {
        let encoding = try set.table().encoding
        guard case .classes(let target, let classes) = encoding.target else {
            throw DatasetError("`\(name)` has no classes")
        }
        var rows = [(encoding.columns.map(\.name) + [target]).joined(separator: ",")]
        for row in 0..<40 {
            let cells = encoding.columns.indices.map { "\(Double((row * ($0 + 3) * 29) % 101) / 8 - 5)" }
            rows.append((cells + [classes[row % classes.count]]).joined(separator: ","))
        }
        let text = rows.joined(separator: "\n") + "\n"
        let path = try directory.write("\(name).csv", text)
        let dataset = try Dataset.csv(path: path, format: CSVFormat(), encoding: encoding)
        var made = try ExportCase(name, job, dataset, classes: classes, table: encoding, seed: 6)
        made.csv = text
        return made
    }

    private static func table(_ name: String, _ job: Job, in directory: TemporaryDirectory) throws
        -> ExportCase
    {
        if case .builtin(let set) = job.data.train { return try embedded(name, job, set, in: directory) }
        guard case .csv(_, let format, let jobRules) = job.data.train else {
            throw DatasetError("`\(name)` has data that this test does not know")
        }
        let columns = (0..<7).map { "x\($0)" }
        var rules = jobRules
        rules.usualTask = job.loss.kind == .meanSquaredError ? .regression : .classification
        if job.loss.kind == .binaryCrossEntropy { rules.usualTask = nil }
        var rows = [(columns + rules.targets).joined(separator: format.delimiter.rawValue)]
        for row in 0..<40 {
            let cells = columns.indices.map { "\(Double((row * ($0 + 3) * 29) % 101) / 8 - 5)" }
            let isClass = job.loss.kind != .meanSquaredError
            let targets = rules.targets.indices.map {
                isClass ? "\((row + $0) % ($0 + 2) == 0 ? 1 : 0)" : "\(Double(100 + row * 37 % 113) / 2)"
            }
            rows.append((cells + targets).joined(separator: format.delimiter.rawValue))
        }
        let text = rows.joined(separator: "\n") + "\n"
        let path = try directory.write("\(name).csv", text)
        let (dataset, encoding, _) = try Dataset.csv(path: path, format: format, rules: rules)
        let classes = dataset.classNames
        var made = try ExportCase(
            name, job, dataset, classes: classes,
            targetWidth: classes == nil ? rules.targets.count : nil, table: encoding, seed: 6)
        made.csv = text
        return made
    }
}
