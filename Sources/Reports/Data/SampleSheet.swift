import Datasets
import Jobs
import System

/// Some training samples as they are, and as augmentation makes them, in one picture.
enum SampleSheet {
    /// The number of samples without augmentation.
    static let alone = 16
    static let rows = 5
    static let variants = 6
    /// The longest side of the picture in pixels.
    static let longest = 1_000

    /// Nil unless the samples are images of 1 or 3 channels.
    /// - Throws: `DatasetError` if the picture cannot be made.
    static func plot(of dataset: Dataset, _ augmentation: Augmentation?, seed: UInt64) throws -> Plot? {
        guard SamplePictures.canShow(dataset) else { return nil }
        guard augmentation != nil else {
            return try SamplePictures(dataset).map { try originals(of: dataset, $0) }
        }
        let preview = try AugmentationPreview(of: dataset, augmentation, seed: seed)
        let samples = preview.samples(rows)
        var sheet = try preview.sheet(samples: samples, variants: variants)
        let side = max(sheet.width, sheet.height)
        if side > longest {
            sheet = sheet.resized(
                width: max(1, sheet.width * longest / side), height: max(1, sheet.height * longest / side))
        }
        let text =
            "\(TextFormat.count(samples.count, "training sample")), each first as it is, then as it is in the"
            + " epochs 0 to \(variants - 1)"
        return Plot(
            .data, "Augmented samples", alt: "\(text).",
            .images([Plot.Picture(png: try PNGFile.encode(sheet), caption: text, alt: text)]))
    }

    private static func originals(of dataset: Dataset, _ pictures: SamplePictures) throws -> Plot {
        let places = Thinning.places(dataset.count, most: alone)
        let items = try places.map { sample in
            let name = dataset.classNames.map { $0[Int(dataset.labels[sample])] } ?? "sample \(sample)"
            return Plot.Picture(
                png: try pictures.png(sample), caption: name, alt: "training sample \(sample): \(name)")
        }
        return Plot(
            .data, "Training samples",
            alt:
                "\(items.count) of \(TextFormat.grouped(dataset.count)) samples, at equal distances.",
            .images(items))
    }
}
