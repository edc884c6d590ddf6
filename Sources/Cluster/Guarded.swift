import Synchronization

/// A value behind a mutex that classes can capture.
final class Guarded<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result where Result: Sendable {
        mutex.withLock { body(&$0) }
    }
}
