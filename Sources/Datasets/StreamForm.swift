/// The samples of a data set as pieces of one stream of positions, such as the tokens of a long text.
///
/// For example, windows of 64 tokens with a stride of 1 over 1,000 tokens: sample i has the tokens i … i + 63
/// and, with the next token as target, the targets i + 1 … i + 64. There are 936 of them, and the stream is
/// stored once.
package struct StreamForm: Equatable, Sendable {
    /// Positions of the whole stream.
    package var positions: Int
    /// Tokens are below this number; nil for a stream of values.
    package var vocabulary: Int?
    package var index: Index

    /// How samples lie in the stream.
    package enum Index: Equatable, Sendable {
        /// Sample i begins at position i · stride and has the most positions.
        case windows(stride: Int)
        /// A table tells where each sample lies (`StreamSample`).
        case table
    }

    /// Tokens are stored as floats in between, which are exact below it.
    package static let mostTokens = 1 << 24

    package init(positions: Int, vocabulary: Int?, index: Index) {
        self.positions = positions
        self.vocabulary = vocabulary
        self.index = index
    }

    /// Whether a data set of this form can have such a stream.
    func fits(_ form: DatasetForm) -> Bool {
        guard form.sampleShape.count == 2, positions > 0 else { return false }
        if let vocabulary {
            guard form.elementType != .float32, (1...Self.mostTokens).contains(vocabulary),
                form.channelCount == 1
            else { return false }
        } else if form.elementType != .float32 {
            return false
        }
        if form.targets == .nextToken, vocabulary == nil { return false }
        guard case .windows(let stride) = index else { return true }
        guard stride > 0, form.count > 0,
            let last = DatasetLayout.product([form.count - 1, stride])
        else { return false }
        return last + form.sampleShape[0] + (form.targets == .nextToken ? 1 : 0) <= positions
    }

    /// The number of windows in a stream.
    /// - Parameter length: positions that a window needs, its targets included.
    package static func windows(of length: Int, stride: Int, in positions: Int) -> Int {
        positions < length ? 0 : (positions - length) / stride + 1
    }
}

/// A sample's place in a stream.
package struct StreamSample: Equatable, Sendable {
    /// The first position.
    package var start: Int
    /// Positions of the sample, at least 1. A next token as target lies one further.
    package var length: Int
    /// The first position whose target counts, for data with the next token as target: positions before it
    /// are only read, such as a prompt.
    package var firstCounted: Int

    package init(start: Int, length: Int, firstCounted: Int = 0) {
        self.start = start
        self.length = length
        self.firstCounted = firstCounted
    }

    /// Bytes of an entry of the table: u64 start, u32 length, u32 first counted position.
    static let byteCount = 16

    static func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> StreamSample {
        func u32(_ offset: Int) -> Int {
            Int(UInt32(littleEndian: bytes.load(fromByteOffset: offset, as: UInt32.self)))
        }
        let start = UInt64(littleEndian: bytes.load(fromByteOffset: byteCount * index, as: UInt64.self))
        return StreamSample(
            start: Int(truncatingIfNeeded: start), length: u32(byteCount * index + 8),
            firstCounted: u32(byteCount * index + 12))
    }

    func write(_ bytes: UnsafeMutableRawBufferPointer, at index: Int) {
        let offset = Self.byteCount * index
        bytes.storeBytes(of: UInt64(start).littleEndian, toByteOffset: offset, as: UInt64.self)
        bytes.storeBytes(of: UInt32(length).littleEndian, toByteOffset: offset + 8, as: UInt32.self)
        bytes.storeBytes(of: UInt32(firstCounted).littleEndian, toByteOffset: offset + 12, as: UInt32.self)
    }
}
