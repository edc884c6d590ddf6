import CSystem
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A thread of the operating system, for work that blocks or computes (Swift's cooperative pool is for neither).
package final class JoinableThread: @unchecked Sendable {  // the handle is only touched under `isOpen`
    private let handle: pthread_t
    private let isOpen = Mutex(true)

    private init(handle: pthread_t) { self.handle = handle }

    deinit { detach() }

    /// Starts `body` on a new thread. `stackSize` in bytes.
    package static func spawn(
        name: String, stackSize: Int = 1 << 20, _ body: @escaping @Sendable () -> Void
    ) throws -> JoinableThread {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        let task = Unmanaged.passRetained(ThreadTask(name: name, body: body))
        #if canImport(Darwin)
            var created: pthread_t?
            let result = pthread_create(&created, &attributes, { runThread($0) }, task.toOpaque())
        #else
            var created = pthread_t()
            let result = pthread_create(
                &created, &attributes, { $0.flatMap { runThread($0) } }, task.toOpaque())
        #endif
        guard result == 0 else {
            task.release()
            throw SystemError(cannot: "start the thread", name, code: result)
        }
        #if canImport(Darwin)
            guard let created else { throw SystemError(cannot: "start the thread", name, code: EAGAIN) }
        #endif
        return JoinableThread(handle: created)
    }

    /// Waits until the thread's body has returned; the second time, returns at once.
    package func join() {
        if close() { pthread_join(handle, nil) }
    }

    /// Leaves the thread to itself.
    package func detach() {
        if close() { pthread_detach(handle) }
    }

    private func close() -> Bool {
        isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
    }
}

/// Starts `body` on a thread of its own; `join` the result or let it go.
package func spawnThread(
    name: String, stackSize: Int = 1 << 20, _ body: @escaping @Sendable () -> Void
) throws -> JoinableThread {
    try JoinableThread.spawn(name: name, stackSize: stackSize, body)
}

private final class ThreadTask: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let task = Unmanaged<ThreadTask>.fromOpaque(argument).takeRetainedValue()
    csystem_name_thread(task.name)
    task.body()
    return nil
}
