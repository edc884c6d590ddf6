/// A part of a data set's memory, which lives as long as this does.
package struct DatasetElements<Element: BitwiseCopyable>: RandomAccessCollection {
    private let elements: UnsafeBufferPointer<Element>
    private let owner: AnyObject

    init(_ elements: UnsafeBufferPointer<Element>, owner: AnyObject) {
        (self.elements, self.owner) = (elements, owner)
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { elements.count }
    // Without these, the owner could be gone after the last time that it is named, before its memory is read.
    package subscript(index: Int) -> Element { withExtendedLifetime(owner) { elements[index] } }

    package func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R)
        rethrows -> R?
    {
        try withExtendedLifetime(owner) { try body(elements) }
    }
}
