import Kernels

/// Synthetic samples without meaning, for measurements: bytes or tokens, with class labels or the next token
/// as targets, the same on every machine.
package struct MadeUpData: Equatable, Sendable {
    /// `[columns]`, `[height, width, channels]` for images, `[positions, channels]` for sequences,
    /// `[positions]` for tokens.
    package var shape: [Int]
    /// Nil for tokens whose targets are the next ones, or for the usual number.
    package var classes: Int?
    /// Tokens are below this number; nil for bytes.
    package var tokens: Int?
    package var samples: Int

    package init(shape: [Int], classes: Int?, tokens: Int? = nil, samples: Int) {
        self.shape = shape
        self.classes = classes
        self.tokens = tokens
        self.samples = samples
    }

    package var form: DatasetForm {
        guard let tokens else {
            return DatasetForm(
                elementType: .uint8, sampleShape: shape, count: samples, targets: .numbered(classes ?? 10))
        }
        let positions = shape.reduce(1, *)
        return DatasetForm(
            elementType: .ofTokens(tokens), sampleShape: [positions, 1], count: samples,
            targets: classes.map { Targets.numbered($0) } ?? .nextToken,
            stream: StreamForm(
                positions: samples * positions + 1, vocabulary: tokens, index: .windows(stride: positions)))
    }

    /// The random stream that a data set is drawn from: training and other sets differ.
    package enum Part: Int, Sendable {
        case train, other
    }
}

extension Dataset {
    /// Makes a data set of this form from a fixed random stream: bytes from 0 to 255, floats and target
    /// values in [0, 1), labels of any class.
    /// - Throws: `DatasetError` if it does not fit into memory.
    package static func madeUp(_ form: DatasetForm, part: MadeUpData.Part = .train) throws -> Dataset {
        func stream(_ index: Int) -> RandomStream {
            RandomStream(seed: 0, purpose: .synthetic, major: part.rawValue, minor: index)
        }
        let samples =
            form.stream?.index == .table
            ? (0..<form.count).map { madeUpSample($0, form) } : []
        return try build(form, samples: samples) { features, targets in
            if let vocabulary = form.stream?.vocabulary {
                drawTokens(stream(0), below: vocabulary, form.elementType, into: features)
            }
            switch form.elementType {
            case .uint16, .uint32: break
            case .uint8 where form.stream != nil: break
            case .uint8: drawBytes(stream(0), into: features)
            case .float32: drawFloats(stream(0), into: features.bindMemory(to: Float.self))
            }
            switch form.targets {
            case .classes(let names):
                var random = stream(1)
                let labels = targets.bindMemory(to: Int32.self)
                for i in labels.indices { labels[i] = Int32(random.below(names.count)) }
            case .values: drawFloats(stream(1), into: targets.bindMemory(to: Float.self))
            case .nextToken, .absent: break
            }
        }
    }

    /// A sample of the most positions: a measurement is to take as long as training does at most.
    private static func madeUpSample(_ index: Int, _ form: DatasetForm) -> StreamSample {
        let behind = form.targets == .nextToken ? 1 : 0
        let places = max(1, (form.stream?.positions ?? 0) - form.sampleShape[0] - behind + 1)
        return StreamSample(
            start: index % places, length: min(form.sampleShape[0], (form.stream?.positions ?? 1) - behind))
    }

    private static func drawTokens(
        _ stream: RandomStream, below vocabulary: Int, _ type: ElementType,
        into features: UnsafeMutableRawBufferPointer
    ) {
        var stream = stream
        let bytes = type.byteCount
        for position in 0..<features.count / bytes {
            let token = UInt32(stream.below(vocabulary)).littleEndian
            withUnsafeBytes(of: token) {
                for byte in 0..<bytes { features[position * bytes + byte] = $0[byte] }
            }
        }
    }

    /// Fills `bytes` with the stream's bytes, 16 of each block.
    private static func drawBytes(_ stream: RandomStream, into bytes: UnsafeMutableRawBufferPointer) {
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let block = stream.block(UInt64(start / 16))
            for i in start..<min(bytes.count, start + 16) {
                bytes[i] = UInt8(truncatingIfNeeded: block[(i - start) / 4] >> UInt32(8 * (i & 3)))
            }
        }
    }

    /// Fills `values` with multiples of 2⁻²⁴ in [0, 1), one word of the stream for each.
    private static func drawFloats(_ stream: RandomStream, into values: UnsafeMutableBufferPointer<Float>) {
        for start in stride(from: 0, to: values.count, by: 4) {
            let block = stream.block(UInt64(start / 4))
            for i in start..<min(values.count, start + 4) {
                values[i] = Float(block[i - start] >> 8) * 0x1p-24
            }
        }
    }
}
