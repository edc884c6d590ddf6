import Platform

/// A mutex and a condition variable: how a thread sleeps until another one wakes it.
///
/// `wait`, `signal` and `broadcast` are called with the mutex held. Most callers want a `Monitor`, which also
/// holds the state that is waited for.
package final class Condition: @unchecked Sendable {  // the system's own synchronisation
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func lock() { pthread_mutex_lock(mutex) }

    package func unlock() { pthread_mutex_unlock(mutex) }

    /// Gives up the mutex, sleeps until it is woken (or for no reason at all), and takes the mutex again.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// Wakes one thread that waits.
    package func signal() { pthread_cond_signal(condition) }

    /// Wakes every thread that waits.
    package func broadcast() { pthread_cond_broadcast(condition) }
}
