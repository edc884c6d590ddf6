extension Dataset {
    /// Copies the samples `indices`, in this order, to a data set of their own.
    /// - Throws: `DatasetError` if the copy does not fit into memory.
    package func selecting(_ indices: [Int]) throws -> Dataset {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < count }, "A sample's index lies in the data set")
        if form.stream != nil {
            let selected = try selectingSequences(indices)
            selected.textHashes = textHashes.map { hashes in indices.map { hashes[$0] } }
            return selected
        }
        var form = form
        form.count = indices.count
        let features = features
        let labels = labels
        let values = values
        let size = sampleSize * form.elementType.byteCount
        let width = form.targets.width
        return try Dataset.build(form) { featureBytes, targetBytes in
            for (position, index) in indices.enumerated() {
                UnsafeMutableRawBufferPointer(rebasing: featureBytes[position * size..<(position + 1) * size])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: features[index * size..<(index + 1) * size]))
            }
            if !labels.isEmpty {
                let output = targetBytes.bindMemory(to: Int32.self)
                for (position, index) in indices.enumerated() { output[position] = labels[index] }
            }
            if !values.isEmpty {
                let output = targetBytes.bindMemory(to: Float.self)
                for (position, index) in indices.enumerated() {
                    for column in 0..<width {
                        output[position * width + column] = values[index * width + column]
                    }
                }
            }
        }
    }

    /// The same of a stream: with a table, over the same stream.
    private func selectingSequences(_ indices: [Int]) throws -> Dataset {
        var form = form
        form.count = indices.count
        form.stream?.index = .table
        let (features, labels, values) = (features, labels, values)
        let width = form.targets.width
        return try Dataset.build(form, samples: indices.map(streamSample)) { featureBytes, targetBytes in
            featureBytes.copyMemory(from: features)
            for (position, index) in indices.enumerated() {
                if !labels.isEmpty {
                    targetBytes.storeBytes(of: labels[index], toByteOffset: 4 * position, as: Int32.self)
                }
                for column in 0..<(values.isEmpty ? 0 : width) {
                    targetBytes.storeBytes(
                        of: values[index * width + column], toByteOffset: 4 * (position * width + column),
                        as: Float.self)
                }
            }
        }
    }

    /// Returns the same samples, each with some of its features from another one.
    /// - Parameters:
    ///   - columns: the features that are exchanged, of samples with one dimension.
    ///   - order: for each sample, the one that it takes these features of.
    /// - Throws: `DatasetError` if the copy does not fit into memory.
    package func shuffling(_ columns: Range<Int>, by order: [Int]) throws -> Dataset {
        precondition(order.count == count && columns.upperBound <= sampleSize, "the order is of the samples")
        let bytes = form.elementType.byteCount
        let (row, start, length) = (
            sampleSize * bytes, columns.lowerBound * bytes, columns.count * bytes
        )
        return try Dataset.build(form) { featureBytes, targetBytes in
            featureBytes.copyMemory(from: features)
            targetBytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: targets[..<targetBytes.count]))
            for (sample, other) in order.enumerated() {
                let (to, from) = (sample * row + start, other * row + start)
                UnsafeMutableRawBufferPointer(rebasing: featureBytes[to..<to + length])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: features[from..<from + length]))
            }
        }
    }

    /// Returns the first `limit` samples, or all if there are fewer.
    /// - Throws: `DatasetError` if the copy does not fit into memory.
    package func prefix(_ limit: Int) throws -> Dataset {
        limit < count ? try selecting(Array(0..<limit)) : self
    }

    /// Splits off a random `fraction` of the samples for validation (see `DataSplit`).
    /// - Parameter fraction: above 0 and below 1.
    /// - Throws: `DatasetError` if there is a single sample or the copies do not fit into memory.
    package func split(validation fraction: Double, seed: UInt64) throws -> (
        train: Dataset, validation: Dataset
    ) {
        let parts = try DataSplit(validation: fraction, seed: seed).parts(of: self)
        return (try selecting(parts.train), try selecting(parts.validation))
    }
}
