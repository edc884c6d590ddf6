import Datasets
import Platform
import Runs
import System
import Telemetry
import Training

/// The source that `--input` names.
struct InputFile {
    private let path: String
    private let model: TrainedModel
    /// Columns of a table whose cells name the samples.
    private let names: [String]

    /// - Parameters:
    ///   - model: decides the form of the samples: its table's columns, the size of its images.
    ///   - names: columns of a table whose cells name the samples.
    init(_ path: String, of model: TrainedModel, names: [String] = []) {
        self.path = path
        self.model = model
        self.names = names
    }

    /// - Throws: `UsageError` if there are to be names but no table, `DatasetError` or `SystemError`.
    func blocks() throws -> any SampleBlocks {
        let blocks = try read()
        guard names.isEmpty || blocks is TableRows || blocks is TextRows else {
            throw UsageError("--keep is for tables: `\(path)` has no columns")
        }
        return blocks
    }

    private func read() throws -> any SampleBlocks {
        if let set = EmbeddedDataset(word: path) { return WholeDataset(try embedded(set)) }
        if path == "-" { return try standardInput() }
        guard File.exists(path) else {
            throw DatasetError("there is no `\(path)`; give a file, a directory of images, or builtin:digits")
        }
        let name = Path.name(of: path).lowercased()
        if Directory.isDirectory(path) || ImageFiles.isImage(name) {
            return try ImageFiles(path, shape: model.plan().facts.sampleShape, note: note)
        }
        let plainName = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        if plainName.hasSuffix(".npy") {
            var layout = Dataset.ImageLayout.nhwc
            if case .npy(let files) = model.job.job.data.train { layout = files.layout }
            return WholeDataset(
                try Dataset.npy(features: path, targets: nil, layout: layout, offsets: offsets).dataset)
        }
        if plainName.contains("idx") && !plainName.hasSuffix(".csv") {
            return WholeDataset(try Dataset.idx(images: path, minus: offsets.features))
        }
        if let texts = try texts() { return texts }
        guard let table = model.state.table else {
            throw DatasetError(
                "`\(path)` is no image, .npy or IDX file by its name, and the model was not trained with a "
                    + "table; rename the file, or give a source with --data")
        }
        return try TableRows(path: path, format: table.format, encoding: table, names: names, note: note)
    }

    /// The file's texts for a model that tells their classes; nil for other models.
    private func texts() throws -> TextRows? {
        guard let tokenizer = model.state.encoding.tokenizer else { return nil }
        guard let column = model.job.job.data.train.text?.column, model.state.classNames != nil else {
            throw UsageError("the model continues texts: use `dist-train generate`")
        }
        return try TextRows(
            path: path, column: column, tokenizer: tokenizer, context: model.plan().facts.sampleShape[0],
            names: names, note: note)
    }

    /// The numbers that were subtracted from those of the training data.
    private var offsets: ArrayOffsets { ArrayOffsets(features: model.state.encoding.featureOffsets) }

    /// A set inside the program: the digits' validation part, or the whole of a table.
    private func embedded(_ set: EmbeddedDataset) throws -> Dataset {
        try DataPart(.builtin(set), as: model.state.encoding).dataset
    }

    /// The table, or the lines of text, that come from standard input. They are kept in a file while they are
    /// read.
    private func standardInput() throws -> any SampleBlocks {
        guard model.state.table != nil || model.state.encoding.tokenizer != nil else {
            throw DatasetError(
                "--input - takes a table or texts, and the model was trained with neither; give a file")
        }
        let scratch = try ScratchDirectory(named: "dist-train-input")
        let file = Path.join(scratch.path, "standard-input")
        let writer = try FileWriter(file)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { Platform.read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(cannot: "read the standard input") }
            if count == 0 { break }
            try writer.write(Array(chunk[..<count]))
        }
        // The reader maps the file, and needs its name no more.
        return try withExtendedLifetime(scratch) { try InputFile(file, of: model, names: names).blocks() }
    }

    private func note(_ text: String) { Console.standardError.writeLine("note: \(text)") }
}
