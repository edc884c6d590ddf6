import System

extension Dataset {
    /// The axis of the channels in an array of images.
    package enum ImageLayout: String, CaseIterable, Sendable {
        /// Channels last, `[N, H, W, C]`.
        case nhwc
        /// Channels first, `[N, C, H, W]`.
        case nchw
    }

    /// Reads features, and targets if there are any, from NPY files. Tables are `[N, D]`. Images are `[N, H,
    /// W]` (they get one channel) or `[N, H, W, C]` (`[N, C, H, W]` with the layout NCHW). Bytes and booleans
    /// stay bytes; every other type becomes Float.
    /// - Parameters:
    ///   - classes: whether targets are classes: numbers `[N]` or `[N, 1]`, one-hot rows `[N, classes]`, or
    ///     texts; nil takes whole numbers of shape `[N]` or `[N, 1]`, and texts, as classes.
    ///   - firstClass: the number of the first class.
    ///   - classNames: the classes of the training data; nil takes those up to the largest number.
    ///   - offsets: what is subtracted from the training data's numbers; nil finds it out.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func npy(
        features featurePath: String, targets targetPath: String?, layout: ImageLayout = .nhwc,
        classes: Bool? = nil, firstClass: Int = 0, classNames: [String]? = nil, offsets: ArrayOffsets? = nil
    ) throws -> (dataset: Dataset, offsets: ArrayOffsets?, notes: [DataNote]) {
        let features = try NPYFile(featurePath)
        guard !features.element.isText else {
            throw DatasetError(
                "`\(featurePath)` holds texts; features are numbers: put a table with texts into a CSV file")
        }
        var shape = Array(features.shape.dropFirst())
        guard shape.count <= 3 else {
            throw DatasetError(
                "`\(featurePath)` has the shape \(features.shape); give [N, D] for tables, [N, H, W] or [N,"
                    + " H, W, C] for images"
            )
        }
        var notes = layoutNotes(shape, layout, featurePath)
        let isPlanar = layout == .nchw && shape.count == 3
        if isPlanar { shape = [shape[1], shape[2], shape[0]] }
        if shape.count == 2 { shape.append(1) }
        if shape.isEmpty { shape = [1] }
        let channels = ArrayChannels(
            count: shape[shape.count - 1], run: isPlanar ? shape[0] * shape[1] : 1)
        let targets = try targetPath.map {
            try NPYTargets(
                $0, samples: features.shape[0], of: featurePath,
                choice: NPYTargets.Choice(classes: classes, firstClass: firstClass, classNames: classNames),
                offsets: offsets?.targets)
        }
        let isBytes = features.element == .bool || features.element == .unsigned(1)
        let form = DatasetForm(
            elementType: isBytes ? .uint8 : .float32, sampleShape: shape, count: features.shape[0],
            targets: targets?.kind ?? .absent)
        var found = ArrayOffsets(targets: targets?.offsets ?? [])
        let dataset = try build(form) { featureBytes, targetBytes in
            if isBytes {
                let values = try features.bytes()
                featureBytes.copyBytes(from: isPlanar ? interleaved(values, shape) : values)
            } else {
                let numbers = try features.numbers()
                if let known = channels.known(offsets?.features) {
                    found.features = known
                } else {
                    let survey = ArraySurvey(numbers, channels, isTable: shape.count == 1, of: featurePath)
                    found.features = survey.offsets
                    notes += survey.notes
                }
                let values = try channels.floats(of: numbers, minus: found.features) {
                    features.notFinite($0, $1)
                }
                (isPlanar ? interleaved(values, shape) : values).withUnsafeBytes {
                    featureBytes.copyMemory(from: $0)
                }
            }
            targets?.labels.withUnsafeBytes { targetBytes.copyBytes(from: $0) }
            targets?.values.withUnsafeBytes { targetBytes.copyBytes(from: $0) }
        }
        return (dataset, found.unlessZero, notes + (targets?.notes ?? []))
    }

    /// Says that the axis of the channels seems to be another one.
    private static func layoutNotes(_ shape: [Int], _ layout: ImageLayout, _ path: String) -> [DataNote] {
        guard shape.count == 3 else { return [] }
        let usual = [1, 3, 4]
        let (channels, other) = layout == .nhwc ? (shape[2], shape[0]) : (shape[0], shape[2])
        guard !usual.contains(channels), usual.contains(other) else { return [] }
        let asked: ImageLayout = layout == .nhwc ? .nchw : .nhwc
        return [
            DataNote(
                "image_layout",
                "`\(path)` has images of the shape \(shape), which makes \(channels) channels",
                cure: "if the channels are the axis of \(other): `layout: \"\(asked.rawValue)\"`")
        ]
    }

    /// Turns `[N, C, H, W]` into `[N, H, W, C]`.
    /// - Parameter shape: H, W, C.
    private static func interleaved<Element>(_ planes: [Element], _ shape: [Int]) -> [Element] {
        let plane = shape[0] * shape[1]
        let channels = shape[2]
        var pixels: [Element] = []
        pixels.reserveCapacity(planes.count)
        for image in stride(from: 0, to: planes.count, by: plane * channels) {
            for pixel in 0..<plane {
                for channel in 0..<channels { pixels.append(planes[image + channel * plane + pixel]) }
            }
        }
        return pixels
    }
}

/// The targets that an NPY file holds.
private struct NPYTargets {
    struct Choice {
        var classes: Bool?
        var firstClass: Int
        var classNames: [String]?
    }

    private(set) var kind: Targets
    private(set) var labels: [Int32] = []
    private(set) var values: [Float] = []
    /// The number that was subtracted from each value; empty for classes.
    private(set) var offsets: [Double] = []
    private(set) var notes: [DataNote] = []

    /// - Parameter offsets: those of the training data; nil finds them out.
    init(_ path: String, samples: Int, of featurePath: String, choice: Choice, offsets known: [Double]?)
        throws
    {
        let file = try NPYFile(path)
        guard file.shape[0] == samples, file.shape.count <= 2 else {
            let isRow = file.shape == [1, samples]
            throw DatasetError(
                "`\(path)` has the shape \(file.shape), but `\(featurePath)`"
                    + " \(TextFormat.count(samples, "sample")); give targets [N] or [N, W]"
                    + (isRow ? ", such as y.reshape(-1)" : ""))
        }
        let width = file.shape.count == 2 ? file.shape[1] : 1
        let isClass = choice.classes ?? (file.element.isText || (width == 1 && !file.element.isFloat))
        guard isClass else {
            guard !file.element.isText else {
                throw DatasetError("`\(path)` holds texts, which are classes; leave out `classes: false`")
            }
            kind = .values(width: width)
            let channels = ArrayChannels(count: width, run: 1)
            let numbers = try file.numbers()
            offsets = channels.known(known) ?? channels.offsets(of: numbers)
            values = try channels.floats(of: numbers, minus: offsets) { file.notFinite($0, $1) }
            if known == nil {
                notes += ArraySurvey.shiftNotes(offsets, path, "target")
                if choice.classes == nil { noteLikeClasses(numbers, path, width) }
            }
            return
        }
        let classes = try Self.classes(file, path, width, choice)
        kind = .classes(classes.names)
        labels = classes.labels
        notes = classes.notes
    }

    private static func classes(
        _ file: NPYFile, _ path: String, _ width: Int, _ choice: Choice
    ) throws -> ClassLabels {
        guard width > 1 else {
            if file.element.isText {
                return try ClassLabels(file.texts(), in: path, classNames: choice.classNames)
            }
            return try ClassLabels(
                file.integers(), in: path, from: choice.firstClass, classNames: choice.classNames,
                cure: "check it, or the number of the first class (`first_class`), or use `classes: false`"
                    + " for values")
        }
        guard !file.element.isText,
            let classes = ClassLabels(
                oneHot: Array(try file.numbers()), width: width, classNames: choice.classNames)
        else {
            throw DatasetError(
                "`\(path)` has the shape \(file.shape), but classes are [N], or rows with a single 1 among"
                    + " zeros; leave out `classes`, or give one class per sample")
        }
        return classes
    }

    /// Says that the values could be classes.
    private mutating func noteLikeClasses(_ numbers: NPYFile.Numbers, _ path: String, _ width: Int) {
        let isOneHot = width > 1 && ClassLabels.oneHot(Array(numbers), width: width) != nil
        let most = Double(TableRules.mostNumberedClasses)
        let isNumbered = width == 1 && numbers.allSatisfy { $0 >= 0 && $0 < most && $0 == $0.rounded() }
        guard isOneHot || isNumbered else { return }
        let what =
            isOneHot
            ? "one-hot rows"
            : "whole numbers from \(Int(numbers.min() ?? 0)) to"
                + " \(Int(numbers.max() ?? 0))"
        notes.append(
            DataNote(
                "values_like_classes", "`\(path)` holds \(what), which are read as values",
                cure: "if they are classes: `classes: true`"))
    }
}
