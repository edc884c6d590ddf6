/// The findings of one look at all samples of a data set.
package struct DatasetReport: Sendable {
    package let form: DatasetForm
    /// The classes in their order; empty without classes.
    package let classes: [NamedCount]
    /// The class of each sample; empty without classes.
    package let labels: [Int32]
    /// The range of all features together.
    package let values: NumberRange?
    /// The range of each column of a table of at most `mostColumns`; empty for other data.
    package let columns: [NumberRange]
    /// The names of the columns of a table; numbers where they have none.
    package let columnNames: [String]
    /// The range of each target value; empty for classes.
    package let targets: [NumberRange]
    /// Features that are the same in every sample.
    package let constantFeatures: Int
    /// Samples of several features that are all the same, such as an image of one colour.
    package let blankSamples: Int
    /// Samples whose features are equal to those of an earlier one.
    package let duplicates: Int
    /// A hash of each sample's features, to find equal samples in other sets.
    package let hashes: [UInt64]

    /// Columns that are looked at one by one.
    package static let mostColumns = 100

    /// - Parameters:
    ///   - featureOffsets: what was subtracted from each channel or column; empty: nothing.
    ///   - targetOffsets: what was subtracted from each target value; empty: nothing.
    ///   - names: the names of a table's columns; nil numbers them from 0.
    package init(
        _ dataset: Dataset, featureOffsets: [Double] = [], targetOffsets: [Double] = [],
        names: [String]? = nil
    ) {
        form = dataset.form
        classes = [NamedCount](of: dataset.labels, named: dataset.classNames ?? [])
        labels = Array(dataset.labels)
        hashes = dataset.sampleHashes()
        duplicates = DuplicateSamples.count(within: hashes)
        var measurement = Measurement(dataset.form, featureOffsets)
        switch dataset.form.elementType {
        case _ where dataset.form.stream != nil: break
        case .uint8: measurement.run(dataset.features.bindMemory(to: UInt8.self)) { Double($0) }
        case .float32: measurement.run(dataset.features.bindMemory(to: Float.self)) { Double($0) }
        case .uint16, .uint32: break
        }
        values = measurement.values.range()
        columns = measurement.columns.enumerated().compactMap { column, range in
            range.range(offset: featureOffsets.indices.contains(column) ? featureOffsets[column] : 0)
        }
        columnNames = names ?? (0..<dataset.sampleSize).map { "column \($0)" }
        constantFeatures = measurement.isConstant.count { $0 }
        blankSamples = measurement.blankSamples
        targets = Self.targets(dataset, targetOffsets)
    }

    private static func targets(_ dataset: Dataset, _ offsets: [Double]) -> [NumberRange] {
        guard case .values(let width) = dataset.form.targets else { return [] }
        let values = dataset.values
        return (0..<min(width, mostColumns)).compactMap { column in
            var measurement = NumberRange.Measurement()
            for index in stride(from: column, to: values.count, by: width) {
                measurement.add(Double(values[index]))
            }
            return measurement.range(offset: offsets.indices.contains(column) ? offsets[column] : 0)
        }
    }

    /// One pass over the features.
    private struct Measurement {
        var values = NumberRange.Measurement()
        var columns: [NumberRange.Measurement]
        /// Whether a feature has been the same in every sample so far.
        var isConstant: [Bool]
        var blankSamples = 0
        private let offsets: [Double]
        private let size: Int

        init(_ form: DatasetForm, _ offsets: [Double]) {
            size = form.sampleSize
            let isTable = form.sampleShape.count == 1 && size <= DatasetReport.mostColumns
            columns = Array(repeating: NumberRange.Measurement(), count: isTable ? size : 0)
            isConstant = Array(repeating: form.count > 1, count: size)
            let channels = form.channelCount
            self.offsets = offsets.contains { $0 != 0 } && offsets.count == channels ? offsets : []
        }

        mutating func run<Element: Equatable>(
            _ features: UnsafeBufferPointer<Element>, _ convert: (Element) -> Double
        ) {
            for start in stride(from: 0, to: features.count, by: size) {
                var isBlank = size > 1
                for feature in 0..<size {
                    let element = features[start + feature]
                    if element != features[feature] { isConstant[feature] = false }
                    if element != features[start] { isBlank = false }
                    let value = convert(element)
                    values.add(offsets.isEmpty ? value : value + offsets[feature % offsets.count])
                    if !columns.isEmpty { columns[feature].add(value) }
                }
                if isBlank { blankSamples += 1 }
            }
        }
    }
}

extension Dataset {
    /// A hash of each sample's features, or of the text that they were made of.
    package func sampleHashes() -> [UInt64] {
        if let hashes = textHashes { return hashes }
        if form.stream != nil { return streamHashes() }
        let size = sampleSize * form.elementType.byteCount
        let bytes = features.bindMemory(to: UInt8.self)
        return (0..<count).map { index in
            NameTable.hash(UnsafeBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]))
        }
    }

    private func streamHashes() -> [UInt64] {
        let bytes = features.bindMemory(to: UInt8.self)
        let unit = form.channelCount * form.elementType.byteCount
        return (0..<count).map { index in
            let sample = streamSample(index)
            return NameTable.hash(
                UnsafeBufferPointer(
                    rebasing: bytes[sample.start * unit..<(sample.start + sample.length) * unit]))
        }
    }
}
