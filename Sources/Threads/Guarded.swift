import Synchronization

/// A value behind a mutex, for classes and closures to share: a `Mutex` itself cannot be captured.
package final class Guarded<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    package init(_ value: Value) { mutex = Mutex(value) }

    /// Runs `body` with the mutex held and returns its result.
    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result where Result: Sendable {
        mutex.withLock { body(&$0) }
    }
}
