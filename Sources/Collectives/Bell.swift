import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// State that one thread changes and another waits for.
///
/// A waiter spins for a moment (an answer over loopback takes tens of microseconds) and then sleeps.
package final class Bell<State>: @unchecked Sendable {  // `state` is only touched with the mutex held
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    /// Counts changes, so that a spinning waiter need not take the mutex.
    private let version = Atomic<Int>(0)
    private static var spin: Int { 50 }

    package init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the state and wakes the waiter.
    package func change<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        let result = body(&state)
        version.add(1, ordering: .releasing)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        return result
    }

    /// Returns the first non-nil answer of `ready`, which runs with the state held.
    package func wait<Result>(until ready: (inout State) throws -> Result?) rethrows -> Result {
        while true {
            let (answer, seen) = try attempt(ready)
            if let answer { return answer }
            var turns = Self.spin
            while turns > 0 && version.load(ordering: .acquiring) == seen {
                turns -= 1
                sched_yield()
            }
            sleep(while: seen)
        }
    }

    private func attempt<Result>(_ ready: (inout State) throws -> Result?) rethrows -> (Result?, Int) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return (try ready(&state), version.load(ordering: .relaxed))
    }

    private func sleep(while seen: Int) {
        pthread_mutex_lock(mutex)
        while version.load(ordering: .relaxed) == seen { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }
}
