import Configuration
import Datasets
import System

/// A kind of data that `init` knows, found by looking at a file or a directory.
struct InitSource {
    /// The sources as a config writes them; nil: no such set is given.
    var train: String
    var validation: String?
    var test: String?
    /// The choices about a table; nil for other kinds.
    var table: TableDraft?
    /// The choices about texts; nil for other kinds.
    var text: TextDraft?
    /// Whether the images are photographs, whose mirror image means the same.
    var isPhotographs = false
    /// The file or directory for `predict --input`; nil if it takes no such data.
    let input: String?

    /// - Parameters:
    ///   - target: the target's column; of arrays the file of the targets.
    ///   - test: the file or the directory of a test set of the same kind; nil: none.
    /// - Throws: `UsageError` if it is no data of a known kind, or an error of reading it.
    init(_ path: String, target: String?, test: String?) throws {
        guard File.exists(path) else {
            throw UsageError("there is no file or directory `\(path)`; check the path")
        }
        if Directory.isDirectory(path) {
            self = try Self.directory(path, target, test)
        } else {
            self = try Self.file(path, target, test)
        }
    }

    init(train: String, input: String?) {
        self.train = train
        self.input = input
    }

    /// A string as a config writes it.
    static func quoted(_ text: String) -> String { ConfigValue.string(text).compactJSON() }

    private static func list(_ names: [String]) -> String {
        "[\(names.map(quoted).joined(separator: ", "))]"
    }

    // MARK: Files

    /// Kinds of files that are no data yet, with the way to make some of them.
    private static let foreign: [(suffix: String, cure: String)] = [
        (".npz", "save each array as a file of its own: numpy.save"),
        (".parquet", "save it as CSV: pandas.read_parquet(FILE).to_csv(OUTPUT, index=False)"),
        (".xlsx", "save it as CSV, in the spreadsheet program"),
        (".xls", "save it as CSV, in the spreadsheet program"),
        (".ods", "save it as CSV, in the spreadsheet program"),
        (".json", "save it as CSV: pandas.read_json(FILE).to_csv(OUTPUT, index=False)"),
        (".json5", "`init` takes data; train the job with `dist-train run`"),
        (".h5", "save its arrays as NPY files: numpy.save"),
        (".hdf5", "save its arrays as NPY files: numpy.save"),
        (".pkl", "save it as CSV or as NPY files"), (".arff", "save it as CSV"),
        (".zip", "unpack it, and give the file or the directory inside"),
        (".tar", "unpack it, and give the directory inside"),
        (".tar.gz", "unpack it, and give the directory inside"),
        (".tgz", "unpack it, and give the directory inside"),
        (".safetensors", "it holds weights; give data"), (".pt", "it holds weights; give data"),
    ]

    private static func file(_ path: String, _ target: String?, _ test: String?) throws -> InitSource {
        let name = path.lowercased()
        if let found = foreign.first(where: { name.hasSuffix($0.suffix) }) {
            throw UsageError("`\(path)` is no CSV or NPY file: \(found.cure)")
        }
        if ImageFiles.isImage(name) {
            throw UsageError(
                "`\(path)` is one image; give a directory with a subdirectory of images for each class")
        }
        if name.contains("idx3") || name.contains("idx1") || name.hasSuffix(".bin") {
            let directory = Path.directory(of: path)
            throw UsageError(
                "`\(path)` is one file of a data set; give its directory, `\(directory)`")
        }
        let bare = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        if bare.hasSuffix(".npy") { return try arrays(path, target, test) }
        if [".jsonl", ".ndjson"].contains(where: bare.hasSuffix) {
            return try texts(TextDraft(jsonLines: path), path, target, test)
        }
        if [".txt", ".text", ".md"].contains(where: bare.hasSuffix), target == nil, !isTable(path) {
            return try texts(TextDraft(text: path), path, target, test)
        }
        return try table(path, target, test)
    }

    /// Whether a file of another name is a table all the same: rows of the same number of cells, two or more.
    private static func isTable(_ path: String) -> Bool {
        guard let format = try? CSVFormat(findingIn: path),
            let report = try? TableReport(path: path, format: format, rules: TableRules(missingCells: .mean))
        else { return false }
        return report.columns.count >= 2
    }

    // MARK: Tables

    private static func table(_ path: String, _ target: String?, _ test: String?) throws -> InitSource {
        let format = try CSVFormat(findingIn: path)
        let report = try TableReport(path: path, format: format, rules: TableRules(missingCells: .mean))
        // A column of texts is read from files with commas and a header alone.
        let isUsual = format.delimiter == .comma && format.hasHeader
        if isUsual, let draft = try TableDraft.texts(report, of: path, target: target) {
            return texts(draft, test, input: path)
        }
        let draft = try TableDraft(report, of: path, target: target)
        var fields = ["path: \(quoted(path))"]
        if format.delimiter != .comma { fields.append("delimiter: \(quoted(format.delimiter.rawValue))") }
        if format.decimal != .point { fields.append("decimal: \(quoted(format.decimal.rawValue))") }
        if !format.hasHeader { fields.append("header: false") }
        fields.append("target: \(quoted(draft.target))")
        fields.append("task: \(quoted(draft.isClassification ? "classification" : "regression"))")
        if !draft.ignored.isEmpty { fields.append("ignore: \(list(draft.ignored.map(\.name)))") }
        if draft.missingCells != .error {
            fields.append("on_missing: \(quoted(draft.missingCells.rawValue))")
        }
        var source = InitSource(train: "{csv: {\(fields.joined(separator: ", "))}}", input: path)
        source.table = draft
        source.test = test.map { "{csv: {path: \(quoted($0))}}" }
        return source
    }

    // MARK: Arrays

    /// Names of the two files of features and targets, as people give them.
    private static let pairs = [
        ("x", "y"), ("X", "y"), ("X", "Y"), ("features", "targets"), ("features", "labels"),
        ("data", "labels"), ("data", "target"), ("data", "targets"), ("images", "labels"),
        ("inputs", "targets"),
        ("inputs", "outputs"), ("input", "output"),
    ]

    /// The file of the targets that belongs to a file of features, if there is one with a usual name.
    static func targets(of path: String) -> String? {
        let directory = Path.directory(of: path)
        let name = Path.name(of: path)
        for (features, targets) in pairs {
            for range in name.ranges(of: features).reversed() {
                var other = name
                other.replaceSubrange(range, with: targets)
                let file = directory == "." && !path.hasPrefix(".") ? other : Path.join(directory, other)
                if other != name, File.exists(file) { return file }
            }
        }
        return nil
    }

    private static func arrays(_ path: String, _ target: String?, _ test: String?) throws -> InitSource {
        guard let targets = target ?? targets(of: path) else {
            throw UsageError(
                "`\(path)` has features, and no file of targets lies beside it: name it with"
                    + " --target FILE.npy")
        }
        guard File.exists(targets) else {
            throw UsageError("there is no file `\(targets)`: --target names the NPY file of the targets")
        }
        var source = InitSource(
            train: "{npy: {features: \(quoted(path)), targets: \(quoted(targets))}}", input: path)
        if let test {
            guard let others = Self.targets(of: test) else {
                throw UsageError("`\(test)` has no file of targets beside it; name it like that of `\(path)`")
            }
            source.test = "{npy: {features: \(quoted(test)), targets: \(quoted(others))}}"
        }
        return source
    }

    // MARK: Directories

    private static func directory(_ path: String, _ target: String?, _ test: String?) throws -> InitSource {
        let names = try Directory.list(path).filter { !$0.hasPrefix(".") }
        let found =
            try idx(path, names) ?? cifar(path, names) ?? arrayFiles(path, names, target)
            ?? folders(path, names) ?? texts(path, names, target, test)
        guard var source = found else { throw unknown(path, names) }
        if target != nil, source.table == nil, !source.train.hasPrefix("{npy") {
            throw UsageError("--target names a column of a table, and `\(path)` is none: leave it out")
        }
        if let test, source.text == nil {
            guard source.train.hasPrefix("{image_folder") else {
                throw UsageError("--test takes a table, texts, a file of features or a folder of images")
            }
            source.test = folder(test)
        }
        return source
    }

    /// MNIST's files, under their published names or similar ones.
    private static func idx(_ path: String, _ names: [String]) -> InitSource? {
        func pair(_ parts: [String]) -> String? {
            func file(_ kind: String, _ rank: String) -> String? {
                names.first { name in
                    let name = name.lowercased()
                    return parts.contains { name.hasPrefix($0) } && name.contains(kind) && name.contains(rank)
                }.map { Path.join(path, $0) }
            }
            guard let images = file("images", "idx3"), let labels = file("labels", "idx1") else { return nil }
            return "{idx: {images: \(quoted(images)), labels: \(quoted(labels))}}"
        }
        guard let train = pair(["train"]) else { return nil }
        let images = names.first { $0.contains("idx3") }.map { Path.join(path, $0) }
        var source = InitSource(train: train, input: images ?? path)
        source.test = pair(["t10k", "test"])
        return source
    }

    private static func cifar(_ path: String, _ names: [String]) throws -> InitSource? {
        func has(_ name: String) -> Bool { names.contains(name) || names.contains(name + ".gz") }
        for inner in ["cifar-10-batches-bin", "cifar-100-binary"] where names.contains(inner) {
            let inner = Path.join(path, inner)
            return try cifar(inner, Directory.list(inner))
        }
        if has("data_batch_1.bin") {
            var source = InitSource(train: "{cifar10: \(quoted(path))}", input: nil)
            if has("test_batch.bin") { source.test = source.train }
            source.isPhotographs = true
            return source
        }
        if has("train.bin"), has("test.bin") || names.contains("fine_label_names.txt") {
            let files = "{cifar100: {path: \(quoted(path))}}"
            var source = InitSource(train: files, input: nil)
            if has("test.bin") { source.test = files }
            source.isPhotographs = true
            return source
        }
        if names.contains("data_batch_1") || names.contains("fine_label_names.txt") {
            throw UsageError("`\(path)` is CIFAR's Python version; download the binary version")
        }
        return nil
    }

    private static func arrayFiles(_ path: String, _ names: [String], _ target: String?) throws
        -> InitSource?
    {
        let files = names.filter { $0.lowercased().hasSuffix(".npy") }
        guard !files.isEmpty else { return nil }
        let pairs = files.map { Path.join(path, $0) }.filter { targets(of: $0) != nil }
        let isTest = { (name: String) in name.lowercased().contains("test") }
        guard let train = pairs.first(where: { !isTest(Path.name(of: $0)) }) else {
            throw UsageError(
                "which of the arrays in `\(path)` are features and which targets is unclear: give the file of"
                    + " the features, and --target FILE.npy")
        }
        return try arrays(train, target, pairs.first { isTest(Path.name(of: $0)) })
    }

    /// A subdirectory with images for each class; or several such directories, for training and testing.
    private static func folders(_ path: String, _ names: [String]) throws -> InitSource? {
        func hasImages(_ path: String) throws -> Bool {
            try Directory.isDirectory(path) && Directory.list(path).contains(where: ImageFiles.isImage)
        }
        func isFolder(_ path: String) throws -> Bool {
            guard Directory.isDirectory(path) else { return false }
            return try Directory.list(path).contains { try hasImages(Path.join(path, $0)) }
        }
        func part(_ candidates: [String]) throws -> String? {
            try names.filter { candidates.contains($0.lowercased()) }.map { Path.join(path, $0) }
                .first(where: isFolder)
        }
        if let train = try part(["train", "training"]) {
            var source = InitSource(train: folder(train), input: train)
            source.isPhotographs = true
            source.validation = try part(["val", "valid", "validation", "dev"]).map(folder)
            source.test = try part(["test", "testing"]).map(folder)
            return source
        }
        guard try isFolder(path) else { return nil }
        var source = InitSource(train: folder(path), input: path)
        source.isPhotographs = true
        return source
    }

    private static func folder(_ path: String) -> String {
        "{image_folder: {path: \(quoted(path))\(ImageSize(of: path).field)}}"
    }

    private static func unknown(_ path: String, _ names: [String]) -> UsageError {
        let tables = names.filter { [".csv", ".tsv", ".csv.gz"].contains(where: $0.lowercased().hasSuffix) }
        if let table = tables.first {
            return UsageError(
                "`\(path)` is a directory; give a table in it, such as `\(Path.join(path, table))`")
        }
        if names.contains(where: ImageFiles.isImage) {
            return UsageError(
                "the images of `\(path)` have no classes: put those of each class into a subdirectory with"
                    + " the class's name")
        }
        return UsageError(
            "`\(path)` holds no data of a kind that is known: a directory with a subdirectory of images for"
                + " each class, NPY files, or the files of MNIST or CIFAR as they are published")
    }
}
