import Kernels

extension Dataset {
    /// The samples `indices`, in this order, as a data set of their own.
    package func selecting(_ indices: [Int]) throws -> Dataset {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < count }, "A sample's index lies in the data set")
        var form = form
        form.count = indices.count
        let (features, labels, values) = (features, labels, values)
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
                    for place in 0..<width {
                        output[position * width + place] = values[index * width + place]
                    }
                }
            }
        }
    }

    /// The first `limit` samples; all if there are not so many.
    package func prefix(_ limit: Int) throws -> Dataset {
        limit < count ? try selecting(Array(0..<limit)) : self
    }

    /// Cuts a random `fraction` (rounded to whole samples, at least one) off for validation. Both parts keep the order of the samples; which
    /// part a sample belongs to is a function of the seed and the number of samples alone.
    package func split(validation fraction: Double, seed: UInt64) throws -> (
        train: Dataset, validation: Dataset
    ) {
        guard count >= 2 else {
            throw DatasetError("a single sample cannot be split for training and validation; give more data")
        }
        var stream = RandomStream(seed: seed, purpose: .split)
        let validationCount = min(count - 1, max(1, Int((Double(count) * fraction).rounded())))
        let order = stream.permutation(count)
        return (
            try selecting(order[validationCount...].sorted()),
            try selecting(order[..<validationCount].sorted())
        )
    }
}
