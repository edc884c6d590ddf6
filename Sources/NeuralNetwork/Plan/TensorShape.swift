/// The shape of one sample, without the batch dimension: `[features]` for tables, `[height, width, channels]`
/// for images, `[positions, channels]` for sequences.
///
/// A sequence's shape says how many positions a sample has at most. In memory the positions of a microbatch's
/// samples lie one behind the other, without padding (`SequenceRows`).
package struct TensorShape: Equatable, Sendable, CustomStringConvertible {
    package let dimensions: [Int]

    package init(_ dimensions: [Int]) { self.dimensions = dimensions }

    /// Values in one sample.
    package var count: Int { dimensions.reduce(1, *) }
    /// The innermost dimension: features of a table, channels of an image.
    package var channels: Int { dimensions.last ?? 1 }
    /// Positions at which the channels are found: 1 for tables, height × width for images, at most so many
    /// for sequences.
    package var positions: Int { dimensions.dropLast().reduce(1, *) }
    package var isFlat: Bool { dimensions.count == 1 }
    package var isSequence: Bool { dimensions.count == 2 }
    package var isImage: Bool { dimensions.count == 3 }
    /// Rows of a matrix that a sample takes: one for each position of a sequence (at most), otherwise one.
    package var rowsPerSample: Int { isSequence ? positions : 1 }
    /// Values in such a row.
    package var rowWidth: Int { isSequence ? channels : count }
    /// The shape of samples with at most so many positions, if they are sequences.
    func limited(to positions: Int) -> TensorShape {
        isSequence ? TensorShape([min(self.positions, positions), channels]) : self
    }
    /// True if memory's order, height, width, channels, and PyTorch's, channels, height, width, differ. The
    /// positions of a sequence come before its channels in both.
    package var hasTwoOrders: Bool { !isSequence && positions > 1 && channels > 1 }

    package var description: String { dimensions.map(String.init).joined(separator: "×") }
}
