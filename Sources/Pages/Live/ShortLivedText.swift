import Synchronization
import System

/// A text that is made anew when it is older than some time, so that whoever asks again and again costs
/// little.
final class ShortLivedText: Sendable {
    private let seconds: Double
    private let made = Mutex<(text: String, time: Double)?>(nil)

    init(seconds: Double) { self.seconds = seconds }

    func text(_ make: () -> String) -> String {
        let now = Clock.monotonicSeconds()
        return made.withLock { made in
            if let made, now - made.time < seconds { return made.text }
            let text = make()
            made = (text, now)
            return text
        }
    }
}
