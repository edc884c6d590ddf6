import Cluster
import Platform
import System
import Telemetry
import Threads

/// The signals of a training. The first SIGINT or SIGTERM stops it and all that would follow it; a second one
/// ends the process at once. A hang-up (the terminal closes) and SIGXCPU (the limit on processor time is
/// near) stop it too, however often they come. SIGUSR1 asks for a checkpoint.
///
/// Half of the grace period is for the next step boundary, the rest for the newest snapshot. A process that
/// is there after all of it, because a disk does not answer, is ended.
final class StopSignals: Sendable {
    private let ending: EndingOptions
    private let state = Guarded(State())

    private struct State {
        var coordinator: Coordinator?
        /// Signals that ask for the end.
        var stops = 0
        /// Those of them of which a second one ends the process.
        var interrupts = 0
        /// The time of the first one.
        var firstStop: Double?
        /// Half of the grace period is over.
        var isLate = false
        /// The exit status that follows from the end of the training; nil: it has not ended.
        var status: Int32?
    }

    /// Takes the signals from now on.
    init(_ ending: EndingOptions = EndingOptions()) throws {
        self.ending = ending
        let state = state
        let grace = try GracePeriod(ending.grace) {
            state.withLock { state in
                state.isLate = true
                return state.coordinator
            }?.stopAtNewestSnapshot()
        } over: {
            if let status = state.withLock({ $0.status }) { _exit(status) }
            Self.say(
                "no checkpoint within the grace period (--grace \(ending.grace)): the disk does not answer")
            _exit(1)
        }
        try Signals.deliver(Signals.ofEnding + [SIGUSR1]) { signal in
            guard signal != SIGUSR1 else {
                state.withLock { $0.coordinator }?.checkpoint()
                return
            }
            let (coordinator, stops, interrupts) = state.withLock { state in
                state.stops += 1
                state.interrupts += Signals.isPatient(signal) ? 0 : 1
                state.firstStop = state.firstStop ?? Clock.monotonicSeconds()
                return (state.coordinator, state.stops, state.interrupts)
            }
            if interrupts > 1 { _exit(130) }
            if stops == 1 {
                grace.begin()
                coordinator?.stop()
            }
        }
    }

    /// Says why the process ends, unless that takes a while: nothing may hold it up any more.
    private static func say(_ reason: String) {
        try? Thread(named: "last word") { Console.standardError.write(message: "error: \(reason)") }.detach()
        Clock.sleep(seconds: 0.1)
    }

    /// Makes this coordinator the target of signals. It is stopped at once if one has come before.
    func setTarget(_ coordinator: Coordinator) {
        let (stops, isLate) = state.withLock { state in
            state.coordinator = coordinator
            return (state.stops, state.isLate)
        }
        if stops > 0 { coordinator.stop() }
        if isLate { coordinator.stopAtNewestSnapshot() }
    }

    /// The training has ended: what still happens is not worth a failure.
    /// - Parameter status: the exit status that follows from its end.
    func trainingEnded(status: Int32) { state.withLock { $0.status = status } }

    /// Seconds in which local workers must have ended: a quarter of the grace period stays for what follows.
    /// Nil before a signal.
    var secondsForWorkers: Double? {
        state.withLock { $0.firstStop }.map {
            max(0, $0 + 0.75 * ending.grace - Clock.monotonicSeconds())
        }
    }
}
