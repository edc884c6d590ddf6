import Datasets
import Runs
import System
import Telemetry

/// The source that `--input` names.
struct InputFile {
    private let path: String
    private let model: TrainedModel

    /// - Parameter model: decides the form of the samples: its table's columns, the size of its images.
    init(_ path: String, of model: TrainedModel) {
        self.path = path
        self.model = model
    }

    func blocks() throws -> any SampleBlocks {
        if path == "builtin:digits" { return WholeDataset(try Digits.load().validation) }
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
            return WholeDataset(try Dataset.npy(features: path, targets: nil, layout: layout).dataset)
        }
        if plainName.contains("idx") && !plainName.hasSuffix(".csv") {
            return WholeDataset(try Dataset.idx(images: path))
        }
        guard let table = model.state.table else {
            throw DatasetError(
                "`\(path)` is no image, .npy or IDX file by its name, and the model was not trained with a "
                    + "table; rename the file, or give a source with --data")
        }
        return try TableRows(path: path, format: table.format, encoding: table, note: note)
    }

    private func note(_ text: String) { Console.standardError.writeLine("note: \(text)") }
}
