import CSIMD
import CSystem
import Synchronization
import Threads

/// The board on which a pool's threads find the current call's tasks.
///
/// `gate` packs (call number, helpers inside, open). A helper enters an open gate by counting itself in,
/// takes tasks until none is left, and counts itself out. The caller closes the gate when no task is left and
/// waits only for the helpers inside. So a helper that wakes late never delays a call, and never sees the
/// next call's fields change. A waiting thread spins for a short while and then sleeps on a condition.
///
/// `work` and `count` change only while the gate is closed and nobody is inside.
final class LaneBoard: @unchecked Sendable {  // the gate orders every access, see above
    struct Work {
        let body: (_ task: Int, _ lane: Int) -> Void
    }

    private static let open: UInt64 = 1
    private static let oneHelper: UInt64 = 2
    private static let insideMask: UInt64 = 0xFFFE
    private static let oneCall: UInt64 = 0x1_0000
    /// In seconds. Longer spins take the processor from the thread that they wait for when cores are few.
    private static let spinSeconds = 30e-6

    private let gate = Atomic<UInt64>(0)
    private let next = Atomic<Int>(0)
    private let sleepingHelpers = Atomic<Int>(0)
    private let callerSleeps = Atomic<Bool>(false)
    private let closing = Atomic<Bool>(false)
    private var count = 0
    private var work: UnsafePointer<Work>?

    /// Helpers sleep on the first, the caller sleeps on the second.
    private let workThere = Condition()
    private let allOut = Condition()

    /// Takes the caller's part of one call, on lane 0.
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

    /// A helper's loop: waits for calls and takes part in each, until `close`.
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

    /// Counts the calling helper in if the gate is open, and returns the call's number.
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
            allOut.lock()
            allOut.signal()
            allOut.unlock()
        }
    }

    private var nobodyInside: Bool { gate.load(ordering: .sequentiallyConsistent) & Self.insideMask == 0 }

    /// Whether a call is open that the helper has not taken part in, or the pool closes.
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
        workThere.lock()
        sleepingHelpers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while !isNews(seenCall) { workThere.wait() }
        sleepingHelpers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        workThere.unlock()
    }

    private func sleepUntilAllOut() {
        allOut.lock()
        callerSleeps.store(true, ordering: .sequentiallyConsistent)
        while !nobodyInside { allOut.wait() }
        callerSleeps.store(false, ordering: .sequentiallyConsistent)
        allOut.unlock()
    }

    private func wakeHelpers(_ wanted: Int) {
        let sleeping = sleepingHelpers.load(ordering: .sequentiallyConsistent)
        if sleeping == 0 { return }
        workThere.lock()
        if wanted >= sleeping {
            workThere.broadcast()
        } else {
            for _ in 0..<wanted { workThere.signal() }
        }
        workThere.unlock()
    }
}
