import CSIMD
import CSystem
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where a pool's threads find the current call's tasks.
///
/// `gate` packs (call number, helpers inside, open). A helper enters an open gate by counting itself in, takes tasks until
/// none is left, and counts itself out; the caller closes the gate when no task is left and waits only for the
/// helpers inside. So a helper that wakes late never delays a call, and never sees the next call's fields change.
/// Whoever waits spins for a short while and then sleeps on a condition.
final class LaneBoard: @unchecked Sendable {  // `work` and `count` change only while the gate is closed and nobody is inside
    struct Work {
        let body: (_ task: Int, _ lane: Int) -> Void
    }

    private static let open: UInt64 = 1
    private static let oneHelper: UInt64 = 2
    private static let insideMask: UInt64 = 0xFFFE
    private static let oneCall: UInt64 = 0x1_0000
    /// Longer spins take the processor from whoever they wait for when cores are few.
    private static let spinSeconds = 30e-6

    private let gate = Atomic<UInt64>(0)
    private let next = Atomic<Int>(0)
    private let sleepingHelpers = Atomic<Int>(0)
    private let callerSleeps = Atomic<Bool>(false)
    private let closing = Atomic<Bool>(false)
    private var count = 0
    private var work: UnsafePointer<Work>?

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let workThere = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let allOut = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(workThere, nil)
        pthread_cond_init(allOut, nil)
    }

    deinit {
        pthread_cond_destroy(allOut)
        pthread_cond_destroy(workThere)
        pthread_mutex_destroy(mutex)
        allOut.deallocate()
        workThere.deallocate()
        mutex.deallocate()
    }

    /// The caller's part of one call, on lane 0.
    func lead(_ count: Int, _ work: UnsafePointer<Work>) {
        self.count = count
        self.work = work
        next.store(0, ordering: .relaxed)
        gate.wrappingAdd(Self.oneCall | Self.open, ordering: .sequentiallyConsistent)
        wakeHelpers(count - 1)
        takeTasks(lane: 0)
        gate.wrappingSubtract(Self.open, ordering: .sequentiallyConsistent)
        if !spin(until: { nobodyInside }) { sleepUntilAllOut() }
        self.work = nil
    }

    /// A helper's life.
    func follow(lane: Int) {
        var seenCall: UInt64 = 0
        while true {
            if !spin(until: { isNews(seenCall) }) { sleepUntilNews(seenCall) }
            if closing.load(ordering: .acquiring) { return }
            if let call = enter() {
                seenCall = call
                takeTasks(lane: lane)
                leave()
            }
        }
    }

    func close() {
        closing.store(true, ordering: .sequentiallyConsistent)
        wakeHelpers(Int.max)
    }

    private func takeTasks(lane: Int) {
        guard let work else { return }
        let count = self.count
        while true {
            let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if task >= count { return }
            work.pointee.body(task, lane)
        }
    }

    /// Counts the calling helper in, if the gate is open; gives the call's number.
    private func enter() -> UInt64? {
        var seen = gate.load(ordering: .relaxed)
        while seen & Self.open != 0 {
            let (exchanged, original) = gate.weakCompareExchange(
                expected: seen, desired: seen + Self.oneHelper, successOrdering: .acquiring,
                failureOrdering: .relaxed)
            if exchanged { return seen / Self.oneCall }
            seen = original
        }
        return nil
    }

    private func leave() {
        let now = gate.wrappingSubtract(Self.oneHelper, ordering: .sequentiallyConsistent).newValue
        if now & (Self.insideMask | Self.open) == 0, callerSleeps.load(ordering: .sequentiallyConsistent) {
            pthread_mutex_lock(mutex)
            pthread_cond_signal(allOut)
            pthread_mutex_unlock(mutex)
        }
    }

    private var nobodyInside: Bool { gate.load(ordering: .sequentiallyConsistent) & Self.insideMask == 0 }

    /// A call is open that the helper has not taken part in, or the pool closes.
    private func isNews(_ seenCall: UInt64) -> Bool {
        let seen = gate.load(ordering: .sequentiallyConsistent)
        return (seen & Self.open != 0 && seen / Self.oneCall != seenCall)
            || closing.load(ordering: .sequentiallyConsistent)
    }

    private func spin(until condition: () -> Bool) -> Bool {
        if condition() { return true }
        let end = csystem_monotonic_seconds() + Self.spinSeconds
        repeat {
            for _ in 0..<16 {
                csimd_pause()
                if condition() { return true }
            }
        } while csystem_monotonic_seconds() < end
        return false
    }

    private func sleepUntilNews(_ seenCall: UInt64) {
        pthread_mutex_lock(mutex)
        sleepingHelpers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while !isNews(seenCall) { pthread_cond_wait(workThere, mutex) }
        sleepingHelpers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    private func sleepUntilAllOut() {
        pthread_mutex_lock(mutex)
        callerSleeps.store(true, ordering: .sequentiallyConsistent)
        while !nobodyInside { pthread_cond_wait(allOut, mutex) }
        callerSleeps.store(false, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    private func wakeHelpers(_ wanted: Int) {
        let sleeping = sleepingHelpers.load(ordering: .sequentiallyConsistent)
        if sleeping == 0 { return }
        pthread_mutex_lock(mutex)
        if wanted >= sleeping {
            pthread_cond_broadcast(workThere)
        } else {
            for _ in 0..<wanted { pthread_cond_signal(workThere) }
        }
        pthread_mutex_unlock(mutex)
    }
}
