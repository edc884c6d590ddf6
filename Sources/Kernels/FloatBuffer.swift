/// Heap memory for `count` numbers that vector loops may use whole.
///
/// The memory is zero at first, starts at a multiple of 64 bytes, and holds `paddedCount` elements: loops over
/// vectors of 16 run to the end of the last vector and need no scalar tail, so an element's result
/// does not depend on its place. Whoever uses the buffer agrees on who writes when; the class itself only owns the memory.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    /// The elements that mean something.
    package let count: Int
    /// `count` rounded up to a multiple of 16 (at least 16): the elements that are allocated.
    package let paddedCount: Int
    package let pointer: UnsafeMutablePointer<Element>

    package init(count: Int) {
        precondition(count >= 0, "a buffer's count cannot be negative")
        self.count = count
        paddedCount = Swift.max(16, (count + 15) & ~15)
        let bytes = paddedCount * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        pointer = memory.bindMemory(to: Element.self, capacity: paddedCount)
    }

    deinit {
        UnsafeMutableRawPointer(pointer).deallocate()
    }

    /// The `count` elements, without the padding.
    @inlinable package var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }
}

package typealias FloatBuffer = AlignedBuffer<Float>
package typealias DoubleBuffer = AlignedBuffer<Double>
