/// The findings of one look at all images of a folder, as they are shown and before they are resized.
package struct ImageReport: Sendable {
    package let survey: ImageSurvey
    /// The classes in their order, with the images that can be read.
    package let classes: [NamedCount]
    /// The class of each image that can be read.
    package let labels: [Int32]
    /// The range of all values of all pixels.
    package let values: NumberRange?
    /// Images of one colour.
    package let blankImages: Int
    /// Images whose pixels are equal to those of an earlier one, whatever their files look like.
    package let duplicates: Int
    /// A hash of each image's size and pixels, to find equal images in other folders.
    package let hashes: [UInt64]
    /// The error that a training would end with; nil if the folder can be used.
    package let fault: String?

    /// Decodes the images one by one.
    /// - Throws: `DatasetError` or `SystemError` if there are no class folders, or one cannot be read.
    package init(_ folder: ImageFolder) throws {
        let listing = try ClassFolders(folder.path, classNames: nil)
        var survey = listing.survey
        var unreadable = listing.unreadable
        var counts = [Int](repeating: 0, count: 256)
        var labels: [Int32] = []
        var hashes: [UInt64] = []
        var blankImages = 0
        var samples = ValueSample()
        for file in listing.images {
            do {
                let contents = try ImageFile.contents(path: file.path)
                survey.add(contents, file.path, as: folder)
                survey.files.append(file.path)
                labels.append(Int32(file.label))
                hashes.append(Self.hash(contents.image))
                if Self.isBlank(contents.image) { blankImages += 1 }
                for value in contents.image.pixels { counts[Int(value)] += 1 }
                for index in stride(from: 0, to: contents.image.pixels.count, by: 97) {
                    samples.add(Double(contents.image.pixels[index]))
                }
            } catch {
                unreadable.append(error)
            }
        }
        unreadable.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        fault = Self.fault(folder, survey, unreadable)
        survey.damaged = unreadable.map { "`\($0.path)`, which \($0.fault)" }
        classes = [NamedCount](of: labels, named: listing.classes)
        survey.classes = classes.map { ($0.name, $0.count) }
        self.survey = survey
        self.labels = labels
        self.hashes = hashes
        self.blankImages = blankImages
        duplicates = DuplicateSamples.count(within: hashes)
        values = Self.range(counts, samples)
    }

    private static func fault(
        _ folder: ImageFolder, _ survey: ImageSurvey, _ unreadable: [UnreadableImage]
    ) -> String? {
        let total = survey.files.count + unreadable.count
        if !unreadable.isEmpty, folder.damaged == .error || survey.files.isEmpty {
            return UnreadableImage.error(unreadable, of: total, in: folder).description
        }
        guard folder.size == nil, survey.sizes.count > 1 else { return nil }
        return "the images of `\(folder.path)` have \(survey.sizes.count) different sizes; bring all to one"
            + " with `size: [height, width]`"
    }

    private static func hash(_ image: ByteImage) -> UInt64 {
        let pixels = image.pixels.withUnsafeBufferPointer { NameTable.hash($0) }
        return NameTable.mixed(pixels ^ NameTable.mixed(UInt64(image.width) << 8 | UInt64(image.channels)))
    }

    private static func isBlank(_ image: ByteImage) -> Bool {
        let pixels = image.pixels
        guard pixels.count > image.channels else { return false }
        return pixels.indices.allSatisfy { pixels[$0] == pixels[$0 % image.channels] }
    }

    /// - Parameter counts: how often each value of a byte occurs.
    private static func range(_ counts: [Int], _ samples: ValueSample) -> NumberRange? {
        let total = Double(counts.reduce(0, +))
        guard let least = counts.firstIndex(where: { $0 > 0 }),
            let greatest = counts.lastIndex(where: { $0 > 0 })
        else { return nil }
        let mean = counts.enumerated().reduce(0) { $0 + Double($1.offset * $1.element) } / total
        let squares = counts.enumerated().reduce(0) {
            $0 + (Double($1.offset) - mean) * (Double($1.offset) - mean) * Double($1.element)
        }
        return NumberRange(
            least: Double(least), greatest: Double(greatest), mean: mean,
            deviation: (squares / total).squareRoot(), sample: samples)
    }
}
