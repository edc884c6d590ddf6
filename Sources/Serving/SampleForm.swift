import Datasets
import Runs
import Training

/// The form of a model's samples: how what a request holds becomes features.
package struct SampleForm: Sendable, Equatable {
    /// The shape of a sample: `[height, width, channels]` for images, `[columns]` for rows, `[positions, 1]`
    /// for texts.
    package let shape: [Int]
    /// The table's encoding; nil if the training data were no table.
    package let table: TableEncoding?
    /// The tokenizer of texts; nil if the training data were none.
    package let tokenizer: Tokenizer?
    /// The number that is subtracted from the values of each channel; empty if nothing is.
    package let offsets: [Double]
    /// Samples of a request at most, so that neither they nor their answers take much memory.
    package let mostSamples: Int

    /// Bytes of a request's features, and of its answer, at most.
    private static let mostBytes = 64 << 20
    /// Bytes of a predicted value in JSON, with its name.
    private static let bytesOfValue = 48

    /// - Parameter outputs: predicted values of a sample.
    package init(
        shape: [Int], table: TableEncoding? = nil, tokenizer: Tokenizer? = nil, offsets: [Double] = [],
        outputs: Int
    ) {
        self.shape = shape
        self.table = table
        self.tokenizer = tokenizer
        self.offsets = offsets.allSatisfy { $0 == 0 } ? [] : offsets
        let size = max(1, shape.reduce(1, *))
        let most = min(Self.mostBytes / (4 * size), Self.mostBytes / (Self.bytesOfValue * max(1, outputs)))
        mostSamples = max(1, min(65_536, most))
    }

    /// Features of a sample.
    package var size: Int { shape.reduce(1, *) }

    /// Whether a picture can be a sample.
    package var isImage: Bool { table == nil && shape.count == 3 && (shape[2] == 1 || shape[2] == 3) }

    func tooMany() -> RequestFault {
        RequestFault(
            status: 413,
            "a request for this model has at most \(mostSamples) samples; send the rest in further requests")
    }
}

/// The samples of a request.
package struct ServedSamples: Sendable, Equatable {
    /// `[count, size]`; empty for texts.
    package var features: [Float]
    package var count: Int
    /// The tokens of texts, one text behind the other.
    package var tokens: [Int32] = []
    /// The number of tokens of each text, at least 1.
    package var lengths: [Int] = []

    package init(features: [Float], count: Int) { (self.features, self.count) = (features, count) }

    /// Appends a text.
    mutating func append(_ text: some Collection<Int32>) {
        tokens += text
        lengths.append(text.count)
        count += 1
    }

    mutating func append(_ others: ServedSamples) {
        features += others.features
        count += others.count
        tokens += others.tokens
        lengths += others.lengths
    }

    var byteCount: Int { 4 * (features.count + tokens.count) }
}
