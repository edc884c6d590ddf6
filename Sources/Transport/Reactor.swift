import CSystem
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One event loop over `poll(2)`: sockets, timers and work that other threads hand in, all on one thread.
///
/// One turn: poll; serve the descriptors that are ready, urgent ones first; run posted work; run timers that are due; send what all
/// of these queued; one slice of idle work. Sockets come before timers so that a loop that was late finds what has
/// arrived before it judges that something has not.
///
/// `@unchecked Sendable`: all state but `posted` and `loopThread` belongs to the loop's thread (before `run`: to whoever sets it up).
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
    /// Counts `wake`, so that the loop sees what came while it was busy.
    private let wakes = Atomic<UInt>(0)
    /// The loop is, or soon will be, in poll: the first to change that writes into the pipe, and nobody else.
    private let isAsleep = Atomic<Bool>(true)
    private var thread: pthread_t?
    private var isStopped = false

    private var registrations: [Registration] = []
    private var polled: [pollfd] = []
    private var isTableStale = true
    private var timers: [ReactorTimer] = []  // the next one last
    private var unflushed: [Connection] = []
    /// Connections with work that no descriptor announces.
    private var resuming: [Connection] = []
    private var isIdleWorkLeft = false
    /// The last wait was a short one: the next one may be too, and is begun awake.
    private var isBusy = false
    /// Seconds that an answer over loopback takes at most.
    private static let shortWait = 100e-6
    /// Looks at the descriptors before a loop that is awake falls asleep: about as long.
    private static let spin = 50
    /// `wakes` when the turn began.
    private var seen: UInt = 0

    /// A slice of background work, called once per turn; true asks for another turn at once. Set on the loop.
    package var idleWork: (() -> Bool)? {
        didSet { wake() }
    }

    package init(name: String = "communication") throws(TransportError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system(call: "pipe", reason: errorText(errno)) }
        ends.forEach(makeNonBlocking)
        (self.name, wakeReader, wakeWriter) = (name, ends[0], ends[1])
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    /// Seconds of a clock that never jumps.
    package static var now: Double { csystem_monotonic_seconds() }

    func assertOwned() {
        let owner = loopThread.load(ordering: .acquiring)
        precondition(
            owner == 0 || owner == threadIdentity(),
            "a reactor's objects are used on its thread only; use post")
    }

    /// Runs the loop on a thread of its own. `stopAndJoin` ends it.
    package func start() throws(TransportError) {
        precondition(thread == nil, "a reactor starts once")
        thread = try startThread(name) { self.run() }
    }

    package func stopAndJoin() {
        stop()
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }

    /// Ends the loop after the current turn; from any thread.
    package func stop() { post { self.isStopped = true } }

    /// Runs on the loop, soon, in the order of the calls; from any thread. Dropped once the loop has ended.
    package func post(_ work: @escaping @Sendable () -> Void) {
        let wasEmpty = posted.withLock { posted in
            if posted.isEnded { return false }
            posted.work.append(work)
            return posted.work.count == 1
        }
        if wasEmpty { wake() }
    }

    /// Runs the loop on this thread until `stop`, then closes every connection and listener without calling their handlers.
    package func run() {
        loopThread.store(threadIdentity(), ordering: .releasing)
        while !isStopped { turn() }
        for registration in registrations { registration.abandon() }
        registrations = []
        timers = []
        (unflushed, resuming) = ([], [])
        idleWork = nil
        posted.withLock { posted in
            posted.isEnded = true
            posted.work = []
        }
        loopThread.store(0, ordering: .releasing)
    }

    /// Begins a turn soon, and with it a call of `idleWork`; from any thread.
    package func wake() {
        wakes.add(1, ordering: .sequentiallyConsistent)
        guard isAsleep.exchange(false, ordering: .sequentiallyConsistent) else { return }
        var byte: UInt8 = 0
        _ = write(wakeWriter, &byte, 1)  // a full pipe wakes as well
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

    /// Polls. After a short wait it first looks again and again for a moment. Without waiting if there has been a `wake` since `seen` wakes, whose work
    /// this turn may not have found.
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
        // Rounded up: waking a moment early would only spin.
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
        // Handlers may register and remove: this turn's table keeps its order and what was polled.
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

    /// What was served in this turn came at once, but announces nothing: the next wait is not begun awake.
    func expectNothing() { isBusy = false }

    func flushAtEndOfTurn(_ connection: Connection) { unflushed.append(connection) }
    func resumeInNextTurn(_ connection: Connection) { resuming.append(connection) }
}

// MARK: - Timers

/// A call that is due at a time; made by `Reactor.after`.
package final class ReactorTimer {
    fileprivate let deadline: Double
    private var work: (() -> Void)?
    private weak var reactor: Reactor?

    fileprivate init(_ deadline: Double, _ reactor: Reactor, _ work: @escaping () -> Void) {
        (self.deadline, self.reactor, self.work) = (deadline, reactor, work)
    }

    fileprivate func fire() {
        let work = self.work
        self.work = nil
        work?()
    }

    /// After this the work is not called. May be repeated, and come late.
    package func cancel() {
        guard work != nil else { return }
        work = nil
        reactor?.remove(self)
    }
}

extension Reactor {
    /// Calls `work` on the loop after so many seconds (0: in the next turn). On the loop only.
    @discardableResult
    package func after(_ seconds: Double, _ work: @escaping () -> Void) -> ReactorTimer {
        assertOwned()
        let timer = ReactorTimer(Reactor.now + max(0, seconds), self, work)
        // Equal deadlines fire in the order of the calls: a later one is put nearer to the front.
        var (low, high) = (0, timers.count)
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].deadline > timer.deadline { low = middle + 1 } else { high = middle }
        }
        timers.insert(timer, at: low)
        return timer
    }

    fileprivate func remove(_ timer: ReactorTimer) { timers.removeAll { $0 === timer } }
}

// MARK: - Descriptors

struct Readiness {
    var canRead: Bool
    var canWrite: Bool
}

/// A descriptor in the loop's table. `handler` runs when it is ready; `abandon` when the loop ends.
final class Registration {
    let descriptor: Int32
    fileprivate(set) var priority: Int
    let handler: (Readiness) -> Void
    let abandon: () -> Void
    fileprivate(set) var isActive = true
    /// Its index in the polled table, while that is not stale.
    fileprivate var tableIndex = 0
    fileprivate(set) var reads: Bool
    fileprivate(set) var writes: Bool

    fileprivate init(
        _ descriptor: Int32, _ priority: Int, reads: Bool, writes: Bool,
        _ handler: @escaping (Readiness) -> Void,
        _ abandon: @escaping () -> Void
    ) {
        (self.descriptor, self.priority, self.reads, self.writes) = (descriptor, priority, reads, writes)
        (self.handler, self.abandon) = (handler, abandon)
    }

    fileprivate var entry: pollfd {
        // poll reports a hang-up even when nothing is asked for; a negative descriptor keeps that from spinning.
        pollfd(
            fd: reads || writes ? descriptor : -1,
            events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
    }
}

extension Reactor {
    func register(
        _ descriptor: Int32, priority: Int = 0, reads: Bool, writes: Bool,
        handler: @escaping (Readiness) -> Void, abandon: @escaping () -> Void
    ) -> Registration {
        assertOwned()
        let registration = Registration(descriptor, priority, reads: reads, writes: writes, handler, abandon)
        registrations.append(registration)
        isTableStale = true
        return registration
    }

    func update(_ registration: Registration, reads: Bool, writes: Bool) {
        guard registration.isActive, registration.reads != reads || registration.writes != writes else {
            return
        }
        (registration.reads, registration.writes) = (reads, writes)
        guard !isTableStale else { return }
        let entry = registration.entry
        (polled[registration.tableIndex].fd, polled[registration.tableIndex].events) = (
            entry.fd, entry.events
        )
    }

    func prioritize(_ registration: Registration, _ priority: Int) {
        registration.priority = priority
        isTableStale = true
    }

    func remove(_ registration: Registration) {
        assertOwned()
        registration.isActive = false
        isTableStale = true
    }
}
