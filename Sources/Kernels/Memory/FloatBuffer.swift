import Platform

/// Heap memory for `count` numbers that vector loops may use whole.
///
/// The memory is zero at first, starts at a multiple of 64 bytes, and holds `paddedCount` elements: loops
/// over vectors of 16 run to the end of the last vector and need no scalar tail, so an element's result does
/// not depend on its place. Whoever uses the buffer agrees on who writes when; the class itself only owns the
/// memory. The system provides large memory page by page when it is first touched, so that making a buffer
/// takes no time. This matters on the communication thread, which makes a generation's buffers and must not
/// miss a heartbeat.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    /// The number of elements that hold data.
    package let count: Int
    /// `count` rounded up to a multiple of 16 (at least 16): the elements that are allocated.
    package let paddedCount: Int
    package let pointer: UnsafeMutablePointer<Element>
    /// The owner of the memory: this object, or another one.
    private let memory: Memory

    private enum Memory {
        case own(UnsafeMutableRawPointer)
        case lent(AnyObject)
    }

    /// The elements that are allocated for `count`.
    package static func padded(_ count: Int) -> Int { Swift.max(16, (count + 15) & ~15) }

    package init(count: Int) {
        precondition(count >= 0, "a buffer's count cannot be negative")
        self.count = count
        paddedCount = Self.padded(count)
        let bytes = paddedCount * MemoryLayout<Element>.stride
        guard let memory = calloc(1, bytes + 64) else { abort() }  // as Swift does where memory is short
        self.memory = .own(memory)
        pointer = memory.alignedUp(toMultipleOf: 64).bindMemory(to: Element.self, capacity: paddedCount)
    }

    /// Makes a buffer in memory of an owner that lives at least as long: `padded(count)` zeros, from a
    /// multiple of 64 bytes on.
    package init(count: Int, at pointer: UnsafeMutablePointer<Element>, of owner: AnyObject) {
        self.count = count
        paddedCount = Self.padded(count)
        self.pointer = pointer
        memory = .lent(owner)
    }

    deinit {
        if case .own(let memory) = memory { free(memory) }
    }

    /// The `count` elements, without the padding.
    @inlinable package var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }
}

package typealias FloatBuffer = AlignedBuffer<Float>
package typealias DoubleBuffer = AlignedBuffer<Double>
