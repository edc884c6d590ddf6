import CSystem
import Platform
import Synchronization

/// An operating system thread, for work that blocks or computes: Swift's cooperative pool is for neither.
///
/// Every thread has a name and computes in the one floating-point mode of the program. Its owner joins it or
/// detaches it; a thread whose last reference goes is detached.
///
/// ```swift
/// let thread = try Thread(named: "checkpoints") { writer.run() }
/// thread.join()
/// ```
package final class Thread: Sendable {
    /// Room for the deepest recursion; the system provides memory only for what is touched.
    private static let stackBytes = 8 << 20

    private let handle: Handle
    private let isOpen = Mutex(true)

    /// Starts `body` on a new thread.
    package init(named name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var created: pthread_t?
        let code = create(&created, &attributes, start.toOpaque())
        guard code == 0, let created else {
            start.release()
            throw ThreadError(name: name, code: code)
        }
        handle = Handle(thread: created)
    }

    deinit { detach() }

    /// A number that no other living thread has.
    package static var currentIdentity: UInt { identity(of: pthread_self()) }

    /// Lets the calling thread give way to all others, from now on.
    package static func lowerPriority() { csystem_lower_priority() }

    /// Waits until the thread's body has returned. Later calls return at once.
    package func join() {
        if close() { pthread_join(handle.thread, nil) }
    }

    /// Lets the thread end by itself.
    package func detach() {
        if close() { pthread_detach(handle.thread) }
    }

    private func close() -> Bool {
        isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
    }
}

private struct Handle: @unchecked Sendable {  // a number or address that only the system looks behind
    let thread: pthread_t
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func run(_ argument: UnsafeMutableRawPointer) {
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    establishFloatingPointMode()
    csystem_name_thread(start.name)
    start.body()
}

// pthread_t is an address on Darwin and a number in Glibc.
#if canImport(Darwin)
    private func create(
        _ thread: inout pthread_t?, _ attributes: inout pthread_attr_t, _ argument: UnsafeMutableRawPointer
    ) -> Int32 {
        pthread_create(
            &thread, &attributes,
            {
                run($0)
                return nil
            }, argument)
    }

    private func identity(of thread: pthread_t) -> UInt { UInt(bitPattern: thread) }
#else
    private func create(
        _ thread: inout pthread_t?, _ attributes: inout pthread_attr_t, _ argument: UnsafeMutableRawPointer
    ) -> Int32 {
        var created = pthread_t()
        let code = pthread_create(
            &created, &attributes,
            {
                if let argument = $0 { run(argument) }
                return nil
            }, argument)
        thread = created
        return code
    }

    private func identity(of thread: pthread_t) -> UInt { UInt(thread) }
#endif
