import Kernels

/// Memory of one member in which other members of the same machine read vectors without a copy.
///
/// The member that owns it allocates its vectors in it, one after the other; the other members have it
/// mapped.
package final class SharedVectors {
    private let base: UnsafeMutableRawPointer
    private let count: Int
    private var used = 0
    /// The object that unmaps the memory when it goes away.
    private let owner: AnyObject

    /// - Parameters:
    ///   - bytes: aligned to 64, and zero at first where vectors are to be allocated.
    ///   - owner: an object that must live for as long as the bytes are used.
    package init(_ bytes: UnsafeMutableRawBufferPointer, of owner: AnyObject) {
        guard let base = bytes.baseAddress else { preconditionFailure("shared memory is somewhere") }
        self.base = base
        count = bytes.count
        self.owner = owner
    }

    /// Returns the bytes that vectors of so many floats need.
    package static func bytes(for counts: [Int]) -> Int {
        counts.reduce(0) { $0 + 4 * FloatBuffer.padded($1) }
    }

    /// Allocates a vector of `count` floats; outside the shared memory if there is no room for it.
    package func make(_ count: Int) -> FloatBuffer {
        let size = Self.bytes(for: [count])
        guard size <= self.count - used else { return FloatBuffer(count: count) }
        defer { used += size }
        return FloatBuffer(count: count, at: (base + used).assumingMemoryBound(to: Float.self), of: self)
    }

    /// Returns the offset of a payload in bytes; nil if it does not lie in this memory.
    package func offset(of payload: UnsafeRawBufferPointer) -> Int? {
        guard let start = payload.baseAddress, start >= UnsafeRawPointer(base),
            start + payload.count <= UnsafeRawPointer(base + count)
        else { return nil }
        return start - UnsafeRawPointer(base)
    }

    /// Returns `count` bytes at an offset; nil if they do not lie in this memory.
    func bytes(_ offset: Int, _ count: Int) -> UnsafeRawPointer? {
        offset >= 0 && offset <= self.count && count <= self.count - offset
            ? UnsafeRawPointer(base + offset) : nil
    }
}
