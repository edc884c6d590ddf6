import Collectives

/// A queue from one thread to another that can sleep while it is empty.
final class Mailbox<Element: Sendable>: Sendable {
    private let elements = Bell([Element]())

    func put(_ element: Element) { elements.change { $0.append(element) } }

    func take() -> Element { elements.wait { $0.isEmpty ? nil : $0.removeFirst() } }
}
