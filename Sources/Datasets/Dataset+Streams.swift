import System

// Data sets whose samples are pieces of a stream.
extension Dataset {
    /// True if the samples are sequences.
    package var hasSequences: Bool { sampleShape.count == 2 }

    /// True if the sequences may have different lengths.
    package var isRagged: Bool { form.stream?.index == .table }

    /// True if the samples are windows of a stream, which may overlap.
    package var hasWindows: Bool { form.stream != nil && form.targets == .nextToken && !isRagged }

    /// Where a sample lies in the stream of a data set that has one.
    package func streamSample(_ index: Int) -> StreamSample {
        precondition(index >= 0 && index < count, "A sample's index lies in the data set")
        if case .windows(let stride)? = form.stream?.index {
            return StreamSample(start: index * stride, length: sampleShape[0])
        }
        return StreamSample.read(samples, at: index)
    }

    /// Positions of a sample: 1 for data without sequences.
    package func length(ofSample index: Int) -> Int {
        isRagged ? streamSample(index).length : hasSequences ? sampleShape[0] : 1
    }

    /// Targets of a sample that count: 1 for data whose targets are not tokens.
    package func countedTargets(ofSample index: Int) -> Int {
        guard form.targets == .nextToken else { return 1 }
        guard isRagged else { return sampleShape[0] }
        let sample = streamSample(index)
        return sample.length - sample.firstCounted
    }

    /// Writes the samples' positions one behind the other, tokens as floats, and returns how many there are.
    /// Allocates nothing.
    func gatherPositions(
        _ indices: ArraySlice<Int>, normalization: Normalization, into output: UnsafeMutablePointer<Float>
    ) {
        let channels = form.channelCount
        var row = output
        for index in indices {
            let sample = streamSample(index)
            let range = sample.start * channels..<(sample.start + sample.length) * channels
            copyElements(range, into: row)
            if form.elementType == .float32, normalization.kind != .none {
                normalize(row, positions: sample.length, by: normalization)
            }
            row += range.count
        }
    }

    /// Writes for each position of the samples the token behind it, or −1 where that does not count.
    package func gatherNextTokens(
        _ indices: ArraySlice<Int>, into output: UnsafeMutablePointer<Int32>
    ) {
        precondition(form.targets == .nextToken, "Only a stream of tokens has next tokens")
        var labels = output
        for index in indices {
            let sample = streamSample(index)
            for position in 0..<sample.length {
                labels[position] =
                    position < sample.firstCounted ? -1 : Int32(token(sample.start + position + 1))
            }
            labels += sample.length
        }
    }

    /// A token of the stream.
    package func token(_ position: Int) -> Int {
        switch form.elementType {
        case .uint8: Int(features[position])
        case .uint16: Int(UInt16(littleEndian: features.load(fromByteOffset: 2 * position, as: UInt16.self)))
        case .uint32: Int(UInt32(littleEndian: features.load(fromByteOffset: 4 * position, as: UInt32.self)))
        case .float32: preconditionFailure("A stream of values has no tokens")
        }
    }

    private func copyElements(_ range: Range<Int>, into row: UnsafeMutablePointer<Float>) {
        guard form.elementType != .float32 else {
            guard let values = features.bindMemory(to: Float.self).baseAddress else { return }
            return row.update(from: values + range.lowerBound, count: range.count)
        }
        for (position, element) in range.enumerated() { row[position] = Float(token(element)) }
    }

    private func normalize(
        _ row: UnsafeMutablePointer<Float>, positions: Int, by normalization: Normalization
    ) {
        let channels = form.channelCount
        for position in 0..<positions {
            for channel in 0..<channels {
                let value = row[position * channels + channel]
                row[position * channels + channel] =
                    (value - normalization.shift[channel]) * normalization.factor[channel]
            }
        }
    }

    /// Refuses samples outside the stream and tokens outside the vocabulary, because both are used as indices
    /// into memory later on.
    func checkStream() throws {
        guard let stream = form.stream else { return }
        if stream.index == .table { try checkTable(stream) }
        guard let vocabulary = stream.vocabulary else { return }
        guard let bad = firstToken(notBelow: vocabulary, of: stream.positions) else { return }
        throw DatasetError(
            "token \(token(bad)) at position \(bad) is outside the vocabulary of \(vocabulary) tokens;"
                + " check the tokens' file")
    }

    /// The first position with a token that is not below `vocabulary`; nil if there is none.
    private func firstToken(notBelow vocabulary: Int, of positions: Int) -> Int? {
        let size = form.elementType.byteCount
        guard vocabulary <= (1 << (8 * size)) - 1 else { return nil }
        let piece = MappedFile.pieceSize / size
        for start in stride(from: 0, to: positions, by: piece) {
            let range = start..<min(positions, start + piece)
            let bytes = UnsafeRawBufferPointer(
                rebasing: features[range.lowerBound * size..<range.upperBound * size])
            if !TokenBytes.areAll(below: vocabulary, bytes, form.elementType) {
                return range.first { token($0) >= vocabulary }
            }
            if range.upperBound < positions { release(range.upperBound * size) }
        }
        return nil
    }

    private func checkTable(_ stream: StreamForm) throws {
        let behind = form.targets == .nextToken ? 1 : 0
        for index in 0..<count {
            let sample = StreamSample.read(samples, at: index)
            let end = sample.start.addingReportingOverflow(sample.length + behind)
            let fits =
                sample.start >= 0 && (1...sampleShape[0]).contains(sample.length) && !end.overflow
                && end.partialValue <= stream.positions
                && (0..<sample.length).contains(sample.firstCounted)
            guard fits else {
                throw DatasetError(
                    "sample \(index) has \(sample.length) positions from \(sample.start) on, which do not"
                        + " lie in a stream of \(stream.positions); check the data's table")
            }
        }
    }
}
