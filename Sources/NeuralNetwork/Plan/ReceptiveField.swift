/// The part of the network's input that one output value depends on, in pixels
/// (https://distill.pub/2019/computing-receptive-fields).
package struct ReceptiveField: Equatable, Sendable {
    package let height: Int
    package let width: Int
    /// Distance of neighbouring output values in the input.
    package let jumpHeight: Int
    package let jumpWidth: Int

    package static let point = ReceptiveField(height: 1, width: 1, jumpHeight: 1, jumpWidth: 1)

    /// The field of a table's columns, or of an image's pixels.
    static func ofInput(_ shape: TensorShape) -> ReceptiveField {
        shape.isFlat ? ReceptiveField(height: 1, width: shape.count, jumpHeight: 1, jumpWidth: 0) : .point
    }

    /// The field of a window of such values.
    func seen(through window: Window) -> ReceptiveField {
        func side(_ size: Int, _ jump: Int, _ window: Int) -> Int {
            min(Self.limit, size + (window - 1) * jump)
        }
        return ReceptiveField(
            height: side(height, jumpHeight, window.height), width: side(width, jumpWidth, window.width),
            jumpHeight: min(Self.limit, jumpHeight * window.strideHeight),
            jumpWidth: min(Self.limit, jumpWidth * window.strideWidth))
    }

    /// Pixels beyond which nothing is counted: more than any input has, and few enough for a product with a
    /// window's size.
    private static let limit = 1 << 31

    /// The field of all values of an image together.
    func covering(_ image: TensorShape) -> ReceptiveField {
        guard image.dimensions.count == 3 else { return self }
        return seen(through: Window((image.dimensions[0], image.dimensions[1])))
    }

    /// The field of a value that depends on values of both fields.
    func joined(with other: ReceptiveField) -> ReceptiveField {
        ReceptiveField(
            height: max(height, other.height), width: max(width, other.width), jumpHeight: jumpHeight,
            jumpWidth: jumpWidth)
    }
}
