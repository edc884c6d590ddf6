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
    ///   - classes: whether targets are classes, numbered from 0; nil takes whole numbers of shape `[N]` or
    ///     `[N, 1]` as classes.
    ///   - classCount: nil takes the largest label + 1.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func npy(
        features featurePath: String, targets targetPath: String?, layout: ImageLayout = .nhwc,
        classes: Bool? = nil, classCount: Int? = nil
    ) throws -> Dataset {
        let features = try NPYFile(featurePath)
        var shape = Array(features.shape.dropFirst())
        guard shape.count <= 3 else {
            throw DatasetError(
                "`\(featurePath)` has the shape \(features.shape); give [N, D] for tables, [N, H, W] or [N,"
                    + " H, W, C] for images"
            )
        }
        let isPlanar = layout == .nchw && shape.count == 3
        if isPlanar { shape = [shape[1], shape[2], shape[0]] }
        if shape.count == 2 { shape.append(1) }
        if shape.isEmpty { shape = [1] }
        let targets = try targetPath.map {
            try NPYTargets(
                $0, samples: features.shape[0], of: featurePath, classes: classes, classCount: classCount)
        }
        let isBytes = features.element == .bool || features.element == .unsigned(1)
        let form = DatasetForm(
            elementType: isBytes ? .uint8 : .float32, sampleShape: shape, count: features.shape[0],
            targets: targets?.kind ?? .absent)
        return try build(form) { featureBytes, targetBytes in
            if isBytes {
                let values = try features.bytes()
                featureBytes.copyBytes(from: isPlanar ? interleaved(values, shape) : values)
            } else {
                let values = try features.floats()
                (isPlanar ? interleaved(values, shape) : values).withUnsafeBytes {
                    featureBytes.copyMemory(from: $0)
                }
            }
            targets?.labels.withUnsafeBytes { targetBytes.copyBytes(from: $0) }
            targets?.values.withUnsafeBytes { targetBytes.copyBytes(from: $0) }
        }
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
    var kind: Targets
    var labels: [Int32] = []
    var values: [Float] = []

    init(_ path: String, samples: Int, of featurePath: String, classes: Bool?, classCount: Int?) throws {
        let file = try NPYFile(path)
        guard file.shape[0] == samples, file.shape.count <= 2 else {
            throw DatasetError(
                "`\(path)` has the shape \(file.shape), but `\(featurePath)`"
                    + " \(TextFormat.count(samples, "sample")); give targets [N] or [N, W]"
            )
        }
        let width = file.shape.count == 2 ? file.shape[1] : 1
        guard classes ?? (width == 1 && !file.element.isFloat) else {
            kind = .values(width: width)
            values = try file.floats()
            return
        }
        guard width == 1 else {
            throw DatasetError(
                "`\(path)` has the shape \(file.shape), but classes are [N]; leave out `classes`,"
                    + " or give one class per sample"
            )
        }
        let numbers = try file.integers()
        let greatest = classCount.map { $0 - 1 } ?? numbers.reduce(0, max)
        if let bad = numbers.firstIndex(where: { $0 < 0 || $0 > greatest }) {
            throw DatasetError(
                "`\(path)` has the class \(numbers[bad]) for sample \(bad), outside 0…\(greatest); check it,"
                    + " or use `classes: false` for values"
            )
        }
        guard greatest < TableRules.mostClasses else {
            throw DatasetError(
                "`\(path)` has the class \(greatest); classes are counted from 0: use `classes:"
                    + " false` for values"
            )
        }
        kind = .numbered(greatest + 1)
        labels = numbers.map { Int32($0) }
    }
}
