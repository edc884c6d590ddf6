import CSystem
import Platform
import Synchronization
import Threads

/// An event loop over `poll(2)`: sockets, timers and work from other threads, all on one thread.
///
/// For example, a listener that sends every client one frame and runs for ten seconds:
///
///     let reactor = try Reactor(name: "server")
///     let listener = try reactor.listen(
///         Endpoint(host: "", port: 7070),
///         handshake: { .listener(credentials, program: "server 1") },
///         accepted: { connection, _ in connection.send(FrameHeader(kind: 1), [1, 2, 3]) })
///     reactor.after(10) { reactor.stop() }
///     reactor.run()
///
/// A turn of the loop has six phases: poll; serve the descriptors that are ready, those of high priority
/// first; run posted work; run due timers; send what all of these queued; run one slice of idle work. Sockets
/// come before timers, so that a loop that was late finds what has arrived before a timer decides that
/// something has not.
///
/// All state but `posted`, `loopThread` and the wake-up belongs to the loop's thread, and before `run` to the
/// thread that sets the reactor up (hence `@unchecked Sendable`).
package final class Reactor: @unchecked Sendable {
    private struct Posted {
        var work: [@Sendable () -> Void] = []
        var isEnded = false
    }

    private let name: String
    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let posted = Mutex(Posted())
    private let loopThread = Atomic<UInt>(0)
    /// Counts calls of `wake`, so that the loop notices those that came while it was busy.
    private let wakes = Atomic<UInt>(0)
    /// True while the loop is in poll or about to be. Whoever changes it to false first writes into the pipe,
    /// and nobody else does.
    private let isAsleep = Atomic<Bool>(true)
    private var thread: Thread?
    private var isStopped = false

    private var registrations: [Registration] = []
    private var polled: [pollfd] = []
    private var isTableStale = true
    private var timers: [ReactorTimer] = []  // sorted by deadline, the next one last
    private var unflushed: [Connection] = []
    /// Connections that have work which poll does not announce.
    private var resuming: [Connection] = []
    private var isIdleWorkLeft = false
    /// True if the last wait was short. The next one may be short too, so it begins with a spin.
    private var isBusy = false
    /// The longest time that an answer over loopback takes, in seconds.
    private static let shortWait = 100e-6
    /// The number of polls in a spin before the loop sleeps: about `shortWait` long.
    private static let spin = 50
    /// The value of `wakes` when the turn began.
    private var seen: UInt = 0

    /// Runs a slice of background work, once per turn. It returns true if it wants another turn at once. Set
    /// it on the loop.
    package var idleWork: (() -> Bool)? {
        didSet { wake() }
    }

    /// Creates a reactor; `name` is the name of the thread that `start` makes.
    ///
    /// - Throws: `TransportError.system` if the process has no descriptors left.
    package init(name: String = "communication") throws(TransportError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system(call: "pipe", reason: errorText(errno)) }
        ends.forEach(makeNonBlocking)
        self.name = name
        wakeReader = ends[0]
        wakeWriter = ends[1]
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    /// The monotonic clock, in seconds.
    package static var now: Double { csystem_monotonic_seconds() }

    /// Stops the program if the caller runs on another thread than the loop's.
    func assertOwned() {
        let owner = loopThread.load(ordering: .acquiring)
        precondition(
            owner == 0 || owner == Thread.currentIdentity,
            "a reactor's objects are used on its thread only; use post")
    }

    /// Runs the loop on a thread of its own, until `stopAndJoin`.
    ///
    /// - Throws: `TransportError.system` if the thread cannot be started.
    package func start() throws(TransportError) {
        precondition(thread == nil, "a reactor starts once")
        do {
            thread = try Thread(named: name) { self.run() }
        } catch {
            throw .system(call: "pthread_create", reason: errorText(error.code))
        }
    }

    /// Ends the loop and waits for its thread.
    package func stopAndJoin() {
        stop()
        join()
    }

    /// Waits until the loop's thread has ended, if `start` made one.
    package func join() {
        thread?.join()
        thread = nil
    }

    /// Ends the loop after the current turn. May be called from any thread.
    package func stop() { post { self.isStopped = true } }

    /// Runs `work` on the loop, in the order of the calls. May be called from any thread. Work is dropped
    /// once the loop has ended.
    package func post(_ work: @escaping @Sendable () -> Void) {
        let wasEmpty = posted.withLock { posted in
            if posted.isEnded { return false }
            posted.work.append(work)
            return posted.work.count == 1
        }
        if wasEmpty { wake() }
    }

    /// Runs `work` at once if the caller is on the loop, and posts it otherwise.
    package func run(_ work: @escaping @Sendable () -> Void) {
        if loopThread.load(ordering: .acquiring) == Thread.currentIdentity { work() } else { post(work) }
    }

    /// Runs the loop on the calling thread until `stop`. Then every connection and listener is closed,
    /// without a call of its handlers.
    package func run() {
        loopThread.store(Thread.currentIdentity, ordering: .releasing)
        while !isStopped { turn() }
        for registration in registrations { registration.abandon() }
        registrations = []
        timers = []
        unflushed = []
        resuming = []
        idleWork = nil
        posted.withLock { posted in
            posted.isEnded = true
            posted.work = []
        }
        loopThread.store(0, ordering: .releasing)
    }

    /// Starts a turn soon, and with it a call of `idleWork`. May be called from any thread.
    package func wake() {
        wakes.add(1, ordering: .sequentiallyConsistent)
        guard isAsleep.exchange(false, ordering: .sequentiallyConsistent) else { return }
        var byte: UInt8 = 0
        _ = write(wakeWriter, &byte, 1)  // a full pipe wakes the loop as well
    }
}

// MARK: - One turn

extension Reactor {
    private func turn() {
        refreshTable()
        let count = sleep(seen)
        seen = wakes.load(ordering: .sequentiallyConsistent)
        if count > 0 { serve() }
        resume()
        runPosted()
        runTimers()
        flush()
        isIdleWorkLeft = idleWork?() ?? false
        flush()
    }

    /// Polls the descriptors. After a short wait it first spins. It does not sleep if `wake` has been called
    /// since `seen`, because this turn may not have found that work.
    private func sleep(_ seen: UInt) -> Int32 {
        let timeout = pollTimeout()
        guard timeout != 0 else { return poll(&polled, nfds_t(polled.count), 0) }
        let begin = Reactor.now
        defer { isBusy = Reactor.now - begin < Self.shortWait }
        for _ in 0..<(isBusy ? Self.spin : 0) {
            let count = poll(&polled, nfds_t(polled.count), 0)
            if count != 0 || wakes.load(ordering: .acquiring) != seen { return count }
            sched_yield()
        }
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        let isLate = wakes.load(ordering: .sequentiallyConsistent) != seen
        defer { isAsleep.store(false, ordering: .sequentiallyConsistent) }
        return poll(&polled, nfds_t(polled.count), isLate ? 0 : timeout)
    }

    private func pollTimeout() -> Int32 {
        if isIdleWorkLeft || !resuming.isEmpty { return 0 }
        guard let next = timers.last else { return -1 }
        // The timeout is rounded up, because waking a moment early would only spin.
        return Int32(min(60_000, max(0, ((next.deadline - Reactor.now) * 1000).rounded(.up))))
    }

    private func refreshTable() {
        guard isTableStale else { return }
        isTableStale = false
        registrations.removeAll { !$0.isActive }
        registrations.sort { $0.priority > $1.priority }
        polled = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)] + registrations.map(\.entry)
        for (index, registration) in registrations.enumerated() { registration.tableIndex = index + 1 }
    }

    private func serve() {
        if polled[0].revents != 0 {
            var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            while read(wakeReader, &bytes, 32) == 32 {}
        }
        // Handlers may register and remove descriptors. This turn serves the table that was polled.
        let served = registrations
        for (index, registration) in served.enumerated() where registration.isActive {
            let events = Int32(polled[index + 1].revents)
            if events == 0 { continue }
            let failed = events & (POLLHUP | POLLERR | POLLNVAL) != 0
            registration.handler(
                Readiness(canRead: failed || events & POLLIN != 0, canWrite: failed || events & POLLOUT != 0))
        }
    }

    private func resume() {
        let connections = resuming
        resuming = []
        for connection in connections { connection.resume() }
    }

    private func runPosted() {
        let work = posted.withLock { posted in
            defer { posted.work = [] }
            return posted.work
        }
        for item in work { item() }
    }

    private func runTimers() {
        let now = Reactor.now
        while let timer = timers.last, timer.deadline <= now {
            timers.removeLast()
            timer.fire()
        }
    }

    private func flush() {
        while !unflushed.isEmpty {
            let connections = unflushed
            unflushed = []
            for connection in connections { connection.flush() }
        }
    }

    /// Makes the next wait begin without a spin, although this turn's events came quickly.
    func expectNothing() { isBusy = false }

    func flushAtEndOfTurn(_ connection: Connection) { unflushed.append(connection) }
    func resumeInNextTurn(_ connection: Connection) { resuming.append(connection) }
}

// MARK: - Timers

extension Reactor {
    /// Calls `work` on the loop after so many seconds (0: in the next turn). Call it on the loop.
    @discardableResult
    package func after(_ seconds: Double, _ work: @escaping () -> Void) -> ReactorTimer {
        assertOwned()
        let timer = ReactorTimer(Reactor.now + max(0, seconds), self, work)
        // Timers with equal deadlines fire in the order of the calls: a later one is put nearer to the front.
        var (low, high) = (0, timers.count)
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].deadline > timer.deadline { low = middle + 1 } else { high = middle }
        }
        timers.insert(timer, at: low)
        return timer
    }

    func remove(_ timer: ReactorTimer) { timers.removeAll { $0 === timer } }
}

// MARK: - Descriptors

extension Reactor {
    /// Adds a descriptor to the table. `handler` is called on the loop when it is ready for what is asked
    /// for, `abandon` when the loop ends. Call it on the loop, or before the loop runs.
    package func register(
        _ descriptor: Int32, priority: Int = 0, reads: Bool, writes: Bool,
        handler: @escaping (Readiness) -> Void, abandon: @escaping () -> Void
    ) -> Registration {
        assertOwned()
        let registration = Registration(descriptor, priority, reads: reads, writes: writes, handler, abandon)
        registrations.append(registration)
        isTableStale = true
        return registration
    }

    /// Changes what a descriptor waits for.
    package func update(_ registration: Registration, reads: Bool, writes: Bool) {
        guard registration.isActive, registration.reads != reads || registration.writes != writes else {
            return
        }
        registration.reads = reads
        registration.writes = writes
        guard !isTableStale else { return }
        let entry = registration.entry
        polled[registration.tableIndex].fd = entry.fd
        polled[registration.tableIndex].events = entry.events
    }

    func prioritize(_ registration: Registration, _ priority: Int) {
        registration.priority = priority
        isTableStale = true
    }

    /// Removes a descriptor from the table; its handler is not called after this.
    package func remove(_ registration: Registration) {
        assertOwned()
        registration.isActive = false
        isTableStale = true
    }
}
