import Synchronization
import System

/// A sentence that says how far long work on data is. The program sets where it is shown, once, before it
/// reads anything; tests and workers show nothing.
package struct ReadingProgress: ~Copyable {
    private static let place = Mutex<(@Sendable (String) -> Void)?>(nil)
    private var last = Clock.monotonicSeconds()
    private var isShown = false

    /// - Parameter show: takes the sentence; an empty one removes it.
    package static func show(with show: @escaping @Sendable (String) -> Void) { place.withLock { $0 = show } }

    init() {}

    /// Shows a sentence, at most twice in a second.
    mutating func show(_ text: @autoclosure () -> String) {
        let now = Clock.monotonicSeconds()
        guard now - last > 0.5 else { return }
        (last, isShown) = (now, true)
        Self.place.withLock { $0 }?(text())
    }

    deinit { if isShown { Self.place.withLock { $0 }?("") } }
}
