/// A queue from one thread to another; the taker sleeps while it is empty.
package final class Mailbox<Element: Sendable>: Sendable {
    private let elements = Monitor([Element]())

    package init() {}

    /// Appends an element and wakes the taker.
    package func put(_ element: Element) { elements.change { $0.append(element) } }

    /// Waits for an element and removes the oldest one.
    package func take() -> Element { elements.wait { $0.isEmpty ? nil : $0.removeFirst() } }
}
