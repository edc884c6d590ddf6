import System

/// 64-byte aligned memory, zero at first.
final class AlignedBytes: @unchecked Sendable {  // written by its one builder, before anybody else sees it
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        bytes = .allocate(byteCount: count, alignment: DatasetLayout.alignment)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }
}

extension Dataset {
    /// Makes a data set: `fill` writes the features `[count, shape…]` (UInt8 or Float, as `form` says) and the targets (Int32 labels, or
    /// Float values) into place.
    package static func build(
        _ form: DatasetForm,
        fill: (_ features: UnsafeMutableRawBufferPointer, _ targets: UnsafeMutableRawBufferPointer) throws ->
            Void
    ) throws -> Dataset {
        let layout = try form.layout()
        guard layout.total <= PhysicalMemory.byteCount else {
            throw DatasetError(
                "a data set of \(TextFormat.grouped(form.count)) samples of shape \(form.sampleShape) takes \(TextFormat.bytes(layout.total)), and"
                    + " this machine has \(TextFormat.bytes(PhysicalMemory.byteCount)); use smaller samples or fewer"
            )
        }
        let memory = AlignedBytes(count: layout.total)
        writeHeader(form, layout, into: memory.bytes)
        try fill(
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[layout.features]),
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[layout.targets]))
        let dataset = Dataset(
            checked: form, layout: layout, bytes: UnsafeRawBufferPointer(memory.bytes), owner: memory)
        try dataset.checkTargets()
        try dataset.checkFinite()
        return dataset
    }

    /// NaN and infinity would spread over the whole model: readers that know the place in a file say so before this does.
    private func checkFinite() throws {
        if form.elementType == .float32 {
            let values = features.bindMemory(to: Float.self)
            if let bad = values.firstIndex(where: { !$0.isFinite }) {
                let place =
                    form.sampleShape.count == 1 ? "column \(bad % sampleSize)" : "feature \(bad % sampleSize)"
                throw DatasetError(
                    "sample \(bad / sampleSize) of the data holds \(values[bad]) in \(place) (both counted from 0); training needs finite"
                        + " numbers: clean the data")
            }
        }
        if let bad = values.firstIndex(where: { !$0.isFinite }) {
            let width = form.targets.width
            throw DatasetError(
                "sample \(bad / width) of the data has \(values[bad]) as target \(bad % width) (both counted from 0); training needs finite"
                    + " numbers: clean the data")
        }
    }

    /// A data set of bytes with class labels (numbered classes unless `classNames` says otherwise), for tests and made-up data.
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

    /// A data set of floats with class labels.
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

    /// A data set of floats with values as targets, `[count, targetWidth]`.
    package static func make(
        floats features: [Float], sampleShape: [Int], values: [Float], targetWidth: Int
    ) throws -> Dataset {
        guard targetWidth > 0, values.count.isMultiple(of: targetWidth) else {
            throw DatasetError(
                "\(values.count) target values cannot be cut into rows of \(targetWidth); check the data's columns"
            )
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
            "\(count) features are not \(form.count) samples of shape \(form.sampleShape); check the data's size"
        )
    }

    /// Labels index memory later on, so none may lie outside the classes.
    func checkTargets() throws {
        guard case .classes(let names) = form.targets else { return }
        guard let bad = labels.firstIndex(where: { $0 < 0 || $0 >= names.count }) else { return }
        throw DatasetError(
            "label \(labels[bad]) of sample \(bad) is outside the classes 0…\(names.count - 1); check the labels"
        )
    }
}
