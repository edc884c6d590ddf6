// Mini-batches: rows copied out of the data set and normalised on the way. Indices lie in `0..<count`.
extension Dataset {
    /// The features of all samples as they are, `[count, sampleSize]`.
    package var floats: [Float] {
        withExtendedLifetime(self) {
            switch form.elementType {
            case .uint8: features.map { Float($0) }
            case .float32: Array(features.bindMemory(to: Float.self))
            case .uint16, .uint32: (0..<(form.stream?.positions ?? 0)).map { Float(token($0)) }
            }
        }
    }

    /// Writes the samples `indices` as rows `[indices.count, sampleSize]` of `(x − shift) · factor`; the
    /// positions of a stream's samples, one sample behind the other, as rows `[positions, channels]`.
    /// Allocates nothing.
    package func gather(
        _ indices: ArraySlice<Int>, normalization: Normalization, into output: UnsafeMutablePointer<Float>
    ) {
        if form.stream != nil {
            return gatherPositions(indices, normalization: normalization, into: output)
        }
        let size = sampleSize
        let channels = form.channelCount
        precondition(
            normalization.shift.count == channels && normalization.factor.count == channels,
            "A normalization has one entry per channel of its data set")
        normalization.shift.withUnsafeBufferPointer { shift in
            normalization.factor.withUnsafeBufferPointer { factor in
                guard let shift = shift.baseAddress, let factor = factor.baseAddress,
                    let start = features.baseAddress
                else { return }
                var row = output
                for index in indices {
                    precondition(index >= 0 && index < count, "A sample's index lies in the data set")
                    switch form.elementType {
                    case .uint8:
                        let source = start.advanced(by: index * size).assumingMemoryBound(to: UInt8.self)
                        normalizeRow(
                            source, into: row, size: size, channels: channels, shift: shift, factor: factor)
                    case .float32:
                        let source = start.advanced(by: 4 * index * size).assumingMemoryBound(to: Float.self)
                        normalizeRow(
                            source, into: row, size: size, channels: channels, shift: shift, factor: factor)
                    case .uint16, .uint32: preconditionFailure("Tokens are a stream's")
                    }
                    row += size
                }
            }
        }
    }

    /// Normalises a row of raw values in place.
    package func normalize(_ row: UnsafeMutablePointer<Float>, by normalization: Normalization) {
        let channels = form.channelCount
        normalization.shift.withUnsafeBufferPointer { shift in
            normalization.factor.withUnsafeBufferPointer { factor in
                guard let shift = shift.baseAddress, let factor = factor.baseAddress else { return }
                normalizeRow(
                    UnsafePointer(row), into: row, size: sampleSize, channels: channels, shift: shift,
                    factor: factor)
            }
        }
    }

    /// Writes the class indices of the samples `indices`.
    package func gatherLabels(_ indices: ArraySlice<Int>, into output: UnsafeMutablePointer<Int32>) {
        let labels = labels
        precondition(!labels.isEmpty, "Only a data set with classes has labels")
        for (position, index) in indices.enumerated() { output[position] = labels[index] }
    }

    /// Writes the target values of the samples `indices` as rows `[indices.count, width]`.
    package func gatherValues(_ indices: ArraySlice<Int>, into output: UnsafeMutablePointer<Float>) {
        let width = form.targets.width
        guard !values.isEmpty, let values = targets.bindMemory(to: Float.self).baseAddress else {
            preconditionFailure("Only a data set with values has target values")
        }
        for (position, index) in indices.enumerated() {
            precondition(index >= 0 && index < count, "A sample's index lies in the data set")
            output.advanced(by: position * width).update(from: values + index * width, count: width)
        }
    }
}

/// Normalises one row of UInt8. The compiler vectorises the loop of equal channels.
private func normalizeRow(
    _ source: UnsafePointer<UInt8>, into row: UnsafeMutablePointer<Float>, size: Int, channels: Int,
    shift: UnsafePointer<Float>, factor: UnsafePointer<Float>
) {
    if channels == 1 {
        let shift = shift[0]
        let factor = factor[0]
        for index in 0..<size { row[index] = (Float(source[index]) - shift) * factor }
        return
    }
    var start = 0
    while start < size {
        for channel in 0..<channels {
            row[start &+ channel] = (Float(source[start &+ channel]) - shift[channel]) * factor[channel]
        }
        start &+= channels
    }
}

/// Normalises one row of Float; `source` and `row` may be the same memory.
private func normalizeRow(
    _ source: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>, size: Int, channels: Int,
    shift: UnsafePointer<Float>, factor: UnsafePointer<Float>
) {
    var start = 0
    while start < size {
        for channel in 0..<channels {
            row[start &+ channel] = (source[start &+ channel] - shift[channel]) * factor[channel]
        }
        start &+= channels
    }
}
