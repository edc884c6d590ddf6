import Platform
import Synchronization

/// State that one thread changes and another waits for: a mutex and a condition variable around a value.
///
/// A waiter spins for a moment, because an answer over loopback takes tens of microseconds, and then sleeps.
///
/// ```swift
/// let queue = Monitor([Message]())
/// queue.change { $0.append(message) }                               // one thread
/// let next = queue.wait { $0.isEmpty ? nil : $0.removeFirst() }     // another
/// ```
package final class Monitor<State>: @unchecked Sendable {  // `state` is only touched with the mutex held
    @usableFromInline var state: State
    @usableFromInline let changes = Changes()

    @inlinable package init(_ state: State) { self.state = state }

    /// Changes the state and wakes every waiter.
    @inlinable package func change<Result>(_ body: (inout State) -> Result) -> Result {
        changes.lock()
        let result = body(&state)
        changes.announceAndUnlock()
        return result
    }

    /// Returns the first non-nil answer of `ready`, which runs with the mutex held and may change the state.
    @inlinable package func wait<Result>(until ready: (inout State) throws -> Result?) rethrows -> Result {
        while true {
            let (answer, seen) = try attempt(ready)
            if let answer { return answer }
            changes.wait(after: seen)
        }
    }

    @inlinable func attempt<Result>(_ ready: (inout State) throws -> Result?) rethrows -> (Result?, Int) {
        changes.lock()
        defer { changes.unlock() }
        return (try ready(&state), changes.count)
    }
}

/// A monitor's mutex and the number of changes so far. It knows nothing of the state, so that no caller pays
/// for a generic type.
@usableFromInline final class Changes: Sendable {
    private static let spins = 50

    private let condition = Condition()
    /// Atomic, so that a spinning waiter need not take the mutex.
    private let version = Atomic<Int>(0)

    @usableFromInline init() {}

    @usableFromInline var count: Int { version.load(ordering: .relaxed) }

    @usableFromInline func lock() { condition.lock() }

    @usableFromInline func unlock() { condition.unlock() }

    @usableFromInline func announceAndUnlock() {
        version.add(1, ordering: .releasing)
        condition.broadcast()
        condition.unlock()
    }

    /// Returns when there are other changes than the `seen` first ones; called without the mutex.
    @usableFromInline func wait(after seen: Int) {
        for _ in 0..<Self.spins where version.load(ordering: .acquiring) == seen { sched_yield() }
        condition.lock()
        while version.load(ordering: .relaxed) == seen { condition.wait() }
        condition.unlock()
    }
}
