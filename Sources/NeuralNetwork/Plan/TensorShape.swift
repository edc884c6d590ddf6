/// The shape of one sample, without the batch dimension: `[features]` for tables, `[height, width, channels]`
/// for images.
package struct TensorShape: Equatable, Sendable, CustomStringConvertible {
    package let dimensions: [Int]

    package init(_ dimensions: [Int]) { self.dimensions = dimensions }

    /// Values in one sample.
    package var count: Int { dimensions.reduce(1, *) }
    /// The innermost dimension: features of a table, channels of an image.
    package var channels: Int { dimensions.last ?? 1 }
    /// Positions at which the channels are found: 1 for tables, height × width for images.
    package var positions: Int { dimensions.dropLast().reduce(1, *) }
    package var isFlat: Bool { dimensions.count == 1 }
    /// True if memory's order, height, width, channels, and PyTorch's, channels, height, width, differ.
    package var hasTwoOrders: Bool { positions > 1 && channels > 1 }

    package var description: String { dimensions.map(String.init).joined(separator: "×") }
}
