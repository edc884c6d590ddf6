/// Brings features to one scale, per channel of images and per column of tables: `(x − shift) · factor`. The
/// numbers are computed once, from the training set; after that they travel as bits (to checkpoints and
/// workers).
package struct Normalization: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Leaves features as they are.
        case none
        /// Mean 0 and standard deviation 1; a variance of 0 counts as 1.
        case zScore = "z_score"
        /// From 0 to 1; a range of 0 counts as 1.
        case minMax = "min_max"
    }

    package let kind: Kind
    /// Subtracted from each feature, `[channels]`.
    package let shift: [Float]
    /// Multiplies the difference, `[channels]`.
    package let factor: [Float]

    package init(kind: Kind, shift: [Float], factor: [Float]) {
        precondition(shift.count == factor.count, "A normalization has one shift and one factor per channel")
        self.kind = kind
        self.shift = shift
        self.factor = factor
    }

    /// Computes the statistics of `training` in doubles, in the order of the samples, so that the result is
    /// the same on every machine.
    package init(_ kind: Kind, of training: Dataset) {
        let channels = training.form.channelCount
        switch kind {
        case .none:
            self.init(
                kind: kind, shift: .init(repeating: 0, count: channels),
                factor: .init(repeating: 1, count: channels))
        case .zScore:
            let (mean, variance) = Self.moments(of: training, channels: channels)
            let factor = variance.map { Float(1 / ($0 > 0 ? $0.squareRoot() : 1)) }
            self.init(kind: kind, shift: mean.map { Float($0) }, factor: factor)
        case .minMax:
            let (least, greatest) = Self.range(of: training, channels: channels)
            let factor = zip(least, greatest).map { least, greatest in
                Float(1 / (greatest > least ? greatest - least : 1))
            }
            self.init(kind: kind, shift: least.map { Float($0) }, factor: factor)
        }
    }

    /// Mean and biased variance per channel, in two passes.
    private static func moments(of dataset: Dataset, channels: Int) -> (mean: [Double], variance: [Double]) {
        let perChannel = Double(
            dataset.form.stream?.positions ?? dataset.count * dataset.sampleSize / channels)
        var sum = [Double](repeating: 0, count: channels)
        dataset.forEachFeature(channels: channels) { channel, value in sum[channel] += value }
        let mean = sum.map { $0 / perChannel }
        var squares = [Double](repeating: 0, count: channels)
        dataset.forEachFeature(channels: channels) { channel, value in
            let difference = value - mean[channel]
            squares[channel] += difference * difference
        }
        return (mean, squares.map { $0 / perChannel })
    }

    static func range(of dataset: Dataset, channels: Int) -> (least: [Double], greatest: [Double]) {
        var least = [Double](repeating: .infinity, count: channels)
        var greatest = [Double](repeating: -.infinity, count: channels)
        dataset.forEachFeature(channels: channels) { channel, value in
            least[channel] = min(least[channel], value)
            greatest[channel] = max(greatest[channel], value)
        }
        return (least, greatest)
    }
}

extension Dataset {
    /// Calls `body` with every feature and its channel, in the order of the samples.
    @inline(__always)
    fileprivate func forEachFeature(channels: Int, _ body: (_ channel: Int, _ value: Double) -> Void) {
        switch form.elementType {
        case .uint8: each(features.bindMemory(to: UInt8.self), channels, { Double($0) }, body)
        case .float32: each(features.bindMemory(to: Float.self), channels, { Double($0) }, body)
        case .uint16, .uint32: preconditionFailure("Tokens are not normalised")
        }
    }

    @inline(__always)
    private func each<Element>(
        _ features: UnsafeBufferPointer<Element>, _ channels: Int, _ convert: (Element) -> Double,
        _ body: (Int, Double) -> Void
    ) {
        var channel = 0
        for feature in features {
            body(channel, convert(feature))
            channel += 1
            if channel == channels { channel = 0 }
        }
    }
}
