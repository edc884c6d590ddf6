/// The findings of one look at all samples of a data set.
package struct DatasetReport: Sendable {
    package let form: DatasetForm
    /// The number of samples of each class, in the order of the classes; empty without classes.
    package let classCounts: [Int]
    package let least: Double
    package let greatest: Double
    /// Samples whose features are equal to those of an earlier one.
    package let duplicates: Int
    /// A hash of each sample's features, to find equal samples in other sets.
    package let hashes: [UInt64]

    package init(_ dataset: Dataset) {
        form = dataset.form
        var counts = Array(repeating: 0, count: dataset.classNames?.count ?? 0)
        for label in dataset.labels { counts[Int(label)] += 1 }
        classCounts = counts
        let size = dataset.sampleSize * dataset.form.elementType.byteCount
        let bytes = dataset.features.bindMemory(to: UInt8.self)
        hashes = (0..<dataset.count).map { index in
            NameTable.hash(UnsafeBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]))
        }
        duplicates = DuplicateRows.count(within: hashes)
        switch dataset.form.elementType {
        case .uint8: (least, greatest) = Self.range(of: bytes) { Double($0) }
        case .float32:
            (least, greatest) = Self.range(of: dataset.features.bindMemory(to: Float.self)) { Double($0) }
        }
    }

    private static func range<Element: Comparable>(
        of values: UnsafeBufferPointer<Element>, _ convert: (Element) -> Double
    ) -> (Double, Double) {
        guard var least = values.first else { return (0, 0) }
        var greatest = least
        for value in values {
            if value < least { least = value }
            if value > greatest { greatest = value }
        }
        return (convert(least), convert(greatest))
    }
}
