/// The element types of tensor files; the raw value is the type's name there.
package enum TensorType: String, CaseIterable, Sendable {
    case float32 = "F32"
    case float64 = "F64"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case uint8 = "U8"

    /// Bytes of an element.
    package var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16: 2
        case .uint8: 1
        }
    }
}

/// A tensor with its name: little-endian elements in row-major order, in memory or in a mapped file.
package struct NamedTensor: @unchecked Sendable {  // nothing writes the bytes after `init`
    package let name: String
    package let type: TensorType
    package let shape: [Int]
    private let bytes: UnsafeRawBufferPointer
    private let owner: AnyObject

    /// Makes a view of bytes that `owner` keeps valid and nobody changes meanwhile.
    package init(
        _ name: String, _ type: TensorType, shape: [Int], bytes: UnsafeRawBufferPointer, owner: AnyObject
    ) {
        precondition(
            bytes.count == shape.reduce(type.byteCount, *),
            "A tensor's bytes are its shape's product times its element's size")
        self.name = name
        self.type = type
        self.shape = shape
        self.bytes = bytes
        self.owner = owner
    }

    /// Makes a tensor with a copy of `bytes`.
    package init(_ name: String, _ type: TensorType, shape: [Int], copying bytes: UnsafeRawBufferPointer) {
        let copy = TensorMemory(bytes)
        self.init(name, type, shape: shape, bytes: UnsafeRawBufferPointer(copy.bytes), owner: copy)
    }

    package init(_ name: String, shape: [Int], floats: [Float]) {
        self = floats.withUnsafeBytes { NamedTensor(name, .float32, shape: shape, copying: $0) }
    }

    package init(_ name: String, shape: [Int], int64s: [Int64]) {
        self = int64s.withUnsafeBytes { NamedTensor(name, .int64, shape: shape, copying: $0) }
    }

    package var elementCount: Int { bytes.count / type.byteCount }
    package var byteCount: Int { bytes.count }

    /// Calls `body` with the bytes. Their address may be unaligned, because a file decides it.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    {
        try withExtendedLifetime(owner) { try body(bytes) }
    }

    /// A copy of the elements; nil if their type is not `float32`.
    package func floats() -> [Float]? { type == .float32 ? elements(zero: 0) : nil }

    /// A copy of the elements; nil if their type is not `int64`.
    package func int64s() -> [Int64]? { type == .int64 ? elements(zero: 0) : nil }

    private func elements<Element>(zero: Element) -> [Element] {
        var copy = [Element](repeating: zero, count: elementCount)
        copy.withUnsafeMutableBytes { destination in withUnsafeBytes { destination.copyMemory(from: $0) } }
        return copy
    }
}

/// Orders names by their UTF-8 bytes, which no locale and no Unicode version changes.
func isOrderedBefore(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
}

private final class TensorMemory: @unchecked Sendable {  // written in `init` only
    let bytes: UnsafeMutableRawBufferPointer

    init(_ source: UnsafeRawBufferPointer) {
        bytes = .allocate(byteCount: source.count, alignment: 64)
        bytes.copyMemory(from: source)
    }

    deinit { bytes.deallocate() }
}
