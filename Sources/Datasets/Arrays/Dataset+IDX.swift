import System

extension Dataset {
    /// Reads images and their labels from two IDX files. Images of rank 3 get one channel, `[height, width,
    /// 1]`; rank 2 makes a table. Bytes stay bytes; every other type becomes Float. Labels of rank 2 are
    /// one-hot rows, or rows whose first number is the class, as QMNIST's.
    /// - Parameters:
    ///   - firstClass: the label of the first class.
    ///   - classNames: the classes of the training data; nil takes those up to the largest label.
    ///   - offsets: what is subtracted from the training data's numbers; nil finds it out.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func idx(
        images imagePath: String, labels labelPath: String, firstClass: Int = 0, classNames: [String]? = nil,
        offsets: ArrayOffsets? = nil
    ) throws -> (dataset: Dataset, offsets: ArrayOffsets?, notes: [DataNote]) {
        let images = try IDXFile(imagePath, content: "images", ranks: 2...4)
        let labels = try IDXFile(labelPath, content: "labels", ranks: 1...2)
        guard images.shape[0] == labels.shape[0] else {
            throw DatasetError(
                "`\(imagePath)` holds \(TextFormat.count(images.shape[0], "image")), `\(labelPath)`"
                    + " \(TextFormat.count(labels.shape[0], "label")); give two files of the same set")
        }
        var (classes, notes) = try idxClasses(labels, labelPath, firstClass, classNames)
        let form = DatasetForm(
            elementType: images.elementType, sampleShape: idxShape(images), count: images.shape[0],
            targets: .classes(classes.names))
        var found = ArrayOffsets()
        let dataset = try build(form) { features, targets in
            found.features = try images.read(into: features, minus: offsets?.features)
            classes.labels.withUnsafeBytes { targets.copyBytes(from: $0) }
        }
        if offsets == nil { notes += ArraySurvey.shiftNotes(found.features, imagePath, "channel") }
        return (dataset, found.unlessZero, notes)
    }

    /// Reads the images of an IDX file without labels, in the shape that `idx(images:labels:)` gives them.
    /// - Parameter offsets: what is subtracted from each channel.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func idx(images path: String, minus offsets: [Double] = []) throws -> Dataset {
        let images = try IDXFile(path, content: "images", ranks: 2...4)
        let form = DatasetForm(
            elementType: images.elementType, sampleShape: idxShape(images), count: images.shape[0],
            targets: .absent)
        return try build(form) { features, _ in try images.read(into: features, minus: offsets) }
    }

    private static func idxShape(_ images: IDXFile) -> [Int] {
        Array(images.shape.dropFirst()) + (images.shape.count == 3 ? [1] : [])
    }

    private static func idxClasses(
        _ file: IDXFile, _ path: String, _ firstClass: Int, _ classNames: [String]?
    ) throws -> (ClassLabels, [DataNote]) {
        let numbers = try file.numbers()
        let width = file.shape.count == 2 ? file.shape[1] : 1
        if width > 1, let classes = ClassLabels(oneHot: numbers, width: width, classNames: classNames) {
            let text = "`\(path)` has one-hot rows of \(width) numbers; the place of the 1 is the class"
            return (classes, [DataNote("one_hot", text)])
        }
        let labels = try stride(from: 0, to: numbers.count, by: width).map { place in
            guard let label = Int(exactly: numbers[place]) else {
                throw DatasetError(
                    "`\(path)` has \(numbers[place]) as the label of sample \(place / width), which is no"
                        + " class; give the file of labels")
            }
            return label
        }
        let classes = try ClassLabels(
            labels, in: path, from: firstClass, classNames: classNames,
            cure: "check the file, and the number of the first class (`first_class`)")
        guard width > 1 else { return (classes, classes.notes) }
        let text = "`\(path)` has \(width) numbers per sample; the first one is taken as the class"
        return (classes, [DataNote("label_columns", text)] + classes.notes)
    }
}
