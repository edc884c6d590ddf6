import Kernels

/// Memory of one member in which others of its machine read vectors where they lie.
///
/// The member that owns it makes its vectors in it, one after the other; the others have it mapped.
package final class SharedVectors {
    private let base: UnsafeMutableRawPointer
    private let count: Int
    private var used = 0
    /// Unmaps it in the end.
    private let owner: AnyObject

    /// - Parameters:
    ///   - bytes: from a multiple of 64 on, zero at first where vectors are to be made.
    ///   - owner: what must live for as long as the bytes are used.
    package init(_ bytes: UnsafeMutableRawBufferPointer, of owner: AnyObject) {
        guard let base = bytes.baseAddress else { preconditionFailure("shared memory is somewhere") }
        (self.base, count, self.owner) = (base, bytes.count, owner)
    }

    /// Bytes for vectors of so many floats.
    package static func bytes(for counts: [Int]) -> Int {
        counts.reduce(0) { $0 + 4 * FloatBuffer.padded($1) }
    }

    /// A new vector; elsewhere if there is no room for it.
    package func make(_ count: Int) -> FloatBuffer {
        let size = Self.bytes(for: [count])
        guard size <= self.count - used else { return FloatBuffer(count: count) }
        defer { used += size }
        return FloatBuffer(count: count, at: (base + used).assumingMemoryBound(to: Float.self), of: self)
    }

    /// How many bytes into the memory a payload begins, if it lies there.
    package func offset(of payload: UnsafeRawBufferPointer) -> Int? {
        guard let start = payload.baseAddress, start >= UnsafeRawPointer(base),
            start + payload.count <= UnsafeRawPointer(base + count)
        else { return nil }
        return start - UnsafeRawPointer(base)
    }

    /// Some of its bytes, if they are its.
    func bytes(_ offset: Int, _ count: Int) -> UnsafeRawPointer? {
        offset >= 0 && offset <= self.count && count <= self.count - offset
            ? UnsafeRawPointer(base + offset) : nil
    }
}
