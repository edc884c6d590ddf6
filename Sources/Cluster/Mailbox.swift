#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A queue from one thread to another that can sleep while it is empty.
final class Mailbox<Element: Sendable>: @unchecked Sendable {  // `elements` is only touched with the mutex held
    private var elements: [Element] = []
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
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

    func put(_ element: Element) {
        pthread_mutex_lock(mutex)
        elements.append(element)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func take() -> Element {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty { pthread_cond_wait(condition, mutex) }
        return elements.removeFirst()
    }
}
