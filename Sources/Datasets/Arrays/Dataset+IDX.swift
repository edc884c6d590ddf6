import System

extension Dataset {
    /// Reads images and their labels from two IDX files. Images of rank 3 get one channel, `[height, width,
    /// 1]`; rank 2 makes a table.
    /// - Parameter classCount: nil takes the largest label + 1.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func idx(images imagePath: String, labels labelPath: String, classCount: Int? = nil) throws
        -> Dataset
    {
        let images = try IDXFile(imagePath, content: "images", ranks: 2...4)
        let labels = try IDXFile(labelPath, content: "labels", ranks: 1...1)
        guard labels.elementType == .uint8 else {
            throw DatasetError("`\(labelPath)` holds floats, labels are bytes; give the file of labels")
        }
        guard images.shape[0] == labels.shape[0] else {
            throw DatasetError(
                "`\(imagePath)` holds \(TextFormat.count(images.shape[0], "image")), `\(labelPath)`"
                    + " \(TextFormat.count(labels.shape[0], "label")); give two files of the same set")
        }
        var classes = [UInt8](repeating: 0, count: labels.shape[0])
        try classes.withUnsafeMutableBytes { try labels.read(into: $0) }
        let count = classCount ?? Int(classes.max() ?? 0) + 1
        if let bad = classes.firstIndex(where: { Int($0) >= count }) {
            throw DatasetError(
                "label \(classes[bad]) of sample \(bad) in `\(labelPath)` is outside the classes"
                    + " 0…\(count - 1); check the file and the number of classes")
        }
        let shape = Array(images.shape.dropFirst()) + (images.shape.count == 3 ? [1] : [])
        let form = DatasetForm(
            elementType: images.elementType, sampleShape: shape, count: images.shape[0],
            targets: .numbered(count))
        return try build(form) { features, targets in
            try images.read(into: features)
            let targets = targets.bindMemory(to: Int32.self)
            for (index, label) in classes.enumerated() { targets[index] = Int32(label) }
        }
    }

    /// Reads the images of an IDX file without labels, in the shape that `idx(images:labels:)` gives them.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func idx(images path: String) throws -> Dataset {
        let images = try IDXFile(path, content: "images", ranks: 2...4)
        let shape = Array(images.shape.dropFirst()) + (images.shape.count == 3 ? [1] : [])
        let form = DatasetForm(
            elementType: images.elementType, sampleShape: shape, count: images.shape[0], targets: .absent)
        return try build(form) { features, _ in try images.read(into: features) }
    }
}
