extension Dataset {
    /// Reads the images of an IDX file without their labels, shaped as `idx(images:labels:)` shapes them.
    package static func idx(images path: String) throws -> Dataset {
        let images = try IDXFile(path, content: "images", ranks: 2...4)
        let shape = Array(images.shape.dropFirst()) + (images.shape.count == 3 ? [1] : [])
        let form = DatasetForm(
            elementType: images.elementType, sampleShape: shape, count: images.shape[0], targets: .absent)
        return try build(form) { features, _ in try images.read(into: features) }
    }
}
