import Configuration
import Datasets
import Jobs
import System
import Training

enum DataPreviewCommand {
    static let command = Command(
        name: "data preview", arguments: "CONFIG",
        summary: """
            Look at the training set as training sees it.
            Writes a PNG file: a row per sample, first as it is, then as `data.augment` makes it \
            in the epochs 0, 1, 2, ….
            """,
        options: [
            Option(name: "--output", value: "FILE", help: "where the picture goes (default preview.png)"),
            Option(
                name: "--samples", value: "N",
                help: "rows: samples from all over the training set (default 8)"),
            Option(name: "--variants", value: "N", help: "columns behind the originals: epochs (default 8)"),
            .set,
        ],
        example: "dist-train data preview config/mnist-cnn.json5 --samples 4 --set data.augment.rotation=20",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let rows = try arguments.integer("--samples", 1...1000) ?? 8
        let variants = try arguments.integer("--variants", 1...1000) ?? 8
        let output = arguments.string("--output") ?? "preview.png"
        guard !output.isEmpty else { throw UsageError("--output needs the name of a file") }
        let file = try JobFile.load(path: path, overrides: arguments.overrides)
        let picture = try writePreview(of: file, rows: rows, variants: variants, to: output)
        let augmentation =
            file.job.data.augmentation == nil
            ? "as they are (\(path) has no `data.augment`)"
            : variants == 1
                ? "each with its variant of epoch 0" : "each with its variants of epochs 0…\(variants - 1)"
        print("\(output): \(picture.samples), \(augmentation); \(picture.size)")
        return 0
    }

    /// Writes the picture, and returns descriptions of its samples and of its size.
    private static func writePreview(of file: JobFile, rows: Int, variants: Int, to output: String) throws
        -> (samples: String, size: String)
    {
        var spec = file.job.data
        spec.validation = nil
        spec.test = nil
        spec.normalization = .none
        let data = try DecodedData(reading: spec)
        do { try TrainingPlan.checkAugmentation(file.job, data.facts) } catch { throw file.describe(error) }
        let preview = try AugmentationPreview(of: data.train, spec.augmentation, seed: file.job.seed)
        let samples = preview.samples(rows)
        let sheet = try preview.sheet(samples: samples, variants: variants)
        try PNGFile.write(sheet, to: output)
        return (
            "\(TextFormat.count(samples.count, "sample")) of \(TextFormat.grouped(data.train.count))",
            "\(sheet.width) × \(sheet.height) pixels, \(preview.magnification) per pixel of the data"
        )
    }
}
