import Datasets
import Runs
import Training

/// The form of a model's samples: how what a request holds becomes features.
package struct SampleForm: Sendable, Equatable {
    /// The shape of a sample: `[height, width, channels]` for images, `[columns]` for rows.
    package let shape: [Int]
    /// The table's encoding; nil if the training data were no table.
    package let table: TableEncoding?
    /// The number that is subtracted from the values of each channel; empty if nothing is.
    package let offsets: [Double]
    /// Samples of a request at most, so that neither they nor their answers take much memory.
    package let mostSamples: Int

    /// Bytes of a request's features, and of its answer, at most.
    private static let mostBytes = 64 << 20
    /// Bytes of a predicted value in JSON, with its name.
    private static let bytesOfValue = 48

    /// - Parameter outputs: predicted values of a sample.
    package init(shape: [Int], table: TableEncoding? = nil, offsets: [Double] = [], outputs: Int) {
        self.shape = shape
        self.table = table
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

/// The samples of a request: features `[count, size]`.
package struct ServedSamples: Sendable, Equatable {
    package var features: [Float]
    package var count: Int
}
