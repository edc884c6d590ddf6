/// The `index`-th of `count` nearly equal parts of some work that lanes share.
package struct WorkPart: Sendable {
    package let index: Int
    package let count: Int

    package static let whole = WorkPart(index: 0, count: 1)

    package init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    /// The part of `total` units of work.
    package func range(of total: Int) -> Range<Int> {
        (index * total / count)..<((index + 1) * total / count)
    }
}
