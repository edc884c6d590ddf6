import System

/// 64-byte aligned memory, zero at first.
final class AlignedBytes: @unchecked Sendable {  // only its builder writes it, before it is shared
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        bytes = .allocate(byteCount: count, alignment: DatasetLayout.alignment)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }
}

extension Dataset {
    /// Builds a data set in its canonical form.
    /// - Parameters:
    ///   - samples: where each sample lies in the stream, if that has a table.
    ///   - fill: writes the features `[count, shape…]`, or the stream (UInt8, UInt16, UInt32 or Float, as
    ///     `form` says), and the targets (Int32 labels, or Float values).
    /// - Throws: `DatasetError` if the data do not fit into memory, if a label is outside the classes, a
    ///   sample outside the stream, a token outside the vocabulary or a number is not finite; and what
    ///   `fill` throws.
    package static func build(
        _ form: DatasetForm, samples: [StreamSample] = [],
        fill: (_ features: UnsafeMutableRawBufferPointer, _ targets: UnsafeMutableRawBufferPointer) throws ->
            Void
    ) throws -> Dataset {
        precondition(
            samples.count == (form.stream?.index == .table ? form.count : 0), "a table has every sample")
        let layout = try form.layout()
        let limit = PhysicalMemory.limit
        guard layout.total <= limit.bytes else {
            throw DatasetError(
                "a data set of \(TextFormat.grouped(form.count)) samples of shape \(form.sampleShape) takes"
                    + " \(TextFormat.bytes(layout.total)), and \(limit.clause); use smaller samples or fewer,"
                    + " or \(limit.cure)")
        }
        let memory = AlignedBytes(count: layout.total)
        writeHeader(form, layout, into: memory.bytes)
        let table = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[layout.samples])
        for (index, sample) in samples.enumerated() { sample.write(table, at: index) }
        try fill(
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[layout.features]),
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[layout.targets]))
        let dataset = Dataset(
            checked: form, layout: layout, bytes: UnsafeRawBufferPointer(memory.bytes), owner: memory)
        try dataset.checkTargets()
        try dataset.checkStream()
        try dataset.checkFinite()
        return dataset
    }

    /// Refuses NaN and infinity, which would spread over the whole model. Readers that know the place in a
    /// file report them earlier, with that place.
    private func checkFinite() throws {
        if form.elementType == .float32 {
            let values = features.bindMemory(to: Float.self)
            if let bad = values.firstIndex(where: { !$0.isFinite }) {
                let feature = bad % sampleSize
                let place = form.sampleShape.count == 1 ? "column \(feature)" : "feature \(feature)"
                throw DatasetError(
                    "sample \(bad / sampleSize) of the data holds \(values[bad]) in \(place) (both counted"
                        + " from 0); training needs finite numbers: clean the data")
            }
        }
        if let bad = values.firstIndex(where: { !$0.isFinite }) {
            let width = form.targets.width
            throw DatasetError(
                "sample \(bad / width) of the data has \(values[bad]) as target \(bad % width) (both counted"
                    + " from 0); training needs finite numbers: clean the data")
        }
    }

    /// Makes a data set of bytes with class labels.
    /// - Throws: `DatasetError` if the sizes do not agree or a label is outside the classes.
    package static func make(
        bytes features: [UInt8], sampleShape: [Int], labels: [Int32], classNames: [String]
    ) throws -> Dataset {
        let form = DatasetForm(
            elementType: .uint8, sampleShape: sampleShape, count: labels.count, targets: .classes(classNames))
        guard features.count == form.sampleSize * labels.count else { throw mismatch(features.count, form) }
        return try build(form) { featureBytes, targetBytes in
            featureBytes.copyBytes(from: features)
            labels.withUnsafeBytes { targetBytes.copyMemory(from: $0) }
        }
    }

    /// Makes a data set of floats with class labels.
    /// - Throws: `DatasetError` if the sizes do not agree, a label is outside the classes or a number is not
    ///   finite.
    package static func make(
        floats features: [Float], sampleShape: [Int], labels: [Int32], classNames: [String]
    ) throws -> Dataset {
        let form = DatasetForm(
            elementType: .float32, sampleShape: sampleShape, count: labels.count,
            targets: .classes(classNames))
        guard features.count == form.sampleSize * labels.count else { throw mismatch(features.count, form) }
        return try build(form) { featureBytes, targetBytes in
            features.withUnsafeBytes { featureBytes.copyMemory(from: $0) }
            labels.withUnsafeBytes { targetBytes.copyMemory(from: $0) }
        }
    }

    /// Makes a data set of floats with values as targets, `[count, targetWidth]`.
    /// - Throws: `DatasetError` if the sizes do not agree or a number is not finite.
    package static func make(
        floats features: [Float], sampleShape: [Int], values: [Float], targetWidth: Int
    ) throws -> Dataset {
        guard targetWidth > 0, values.count.isMultiple(of: targetWidth) else {
            throw DatasetError(
                "\(values.count) target values cannot be cut into rows of \(targetWidth);"
                    + " check the data's columns")
        }
        let form = DatasetForm(
            elementType: .float32, sampleShape: sampleShape, count: values.count / targetWidth,
            targets: .values(width: targetWidth))
        guard features.count == form.sampleSize * form.count else { throw mismatch(features.count, form) }
        return try build(form) { featureBytes, targetBytes in
            features.withUnsafeBytes { featureBytes.copyMemory(from: $0) }
            values.withUnsafeBytes { targetBytes.copyMemory(from: $0) }
        }
    }

    private static func mismatch(_ count: Int, _ form: DatasetForm) -> DatasetError {
        DatasetError(
            "\(count) features are not \(form.count) samples of shape \(form.sampleShape);"
                + " check the data's size")
    }

    /// Refuses labels outside the classes, because labels are used as indices into memory later on.
    func checkTargets() throws {
        guard case .classes(let names) = form.targets else { return }
        guard let bad = labels.firstIndex(where: { $0 < 0 || $0 >= names.count }) else { return }
        throw DatasetError(
            "label \(labels[bad]) of sample \(bad) is outside the classes 0…\(names.count - 1); check the"
                + " labels")
    }
}
