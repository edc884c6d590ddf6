/// A view of a part of a data set's memory, which stays valid as long as the view.
package struct DatasetElements<Element: BitwiseCopyable>: RandomAccessCollection {
    private let elements: UnsafeBufferPointer<Element>
    private let owner: AnyObject

    init(_ elements: UnsafeBufferPointer<Element>, owner: AnyObject) {
        self.elements = elements
        self.owner = owner
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { elements.count }
    // Without these calls the owner could be released after its last use, before its memory is read.
    package subscript(index: Int) -> Element { withExtendedLifetime(owner) { elements[index] } }

    package func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R)
        rethrows -> R?
    {
        try withExtendedLifetime(owner) { try body(elements) }
    }
}
