import Cluster
import Platform
import Synchronization
import System

/// The signals of a training. The first SIGINT or SIGTERM stops it and all that would follow it; a second one
/// ends the process at once. A hang-up (the terminal closes) and SIGXCPU (the limit on processor time is
/// near) stop it too, however often they come. SIGUSR1 asks for a checkpoint.
final class StopSignals: Sendable {
    private let state = Mutex<State>(State())

    private struct State {
        var coordinator: Coordinator?
        /// Signals that ask for the end.
        var stops = 0
        /// Those of them of which a second one ends the process.
        var interrupts = 0
    }

    /// Takes the signals from now on.
    init() throws {
        try Signals.deliver(Signals.ofEnding + [SIGUSR1]) { [self] signal in
            guard signal != SIGUSR1 else {
                state.withLock { $0.coordinator }?.checkpoint()
                return
            }
            let (coordinator, stops, interrupts) = state.withLock { state in
                state.stops += 1
                state.interrupts += Signals.isPatient(signal) ? 0 : 1
                return (state.coordinator, state.stops, state.interrupts)
            }
            if interrupts > 1 { _exit(130) }
            if stops == 1 { coordinator?.stop() }
        }
    }

    /// Makes this coordinator the target of signals. It is stopped at once if one has come before.
    func setTarget(_ coordinator: Coordinator) {
        let stops = state.withLock { state in
            state.coordinator = coordinator
            return state.stops
        }
        if stops > 0 { coordinator.stop() }
    }
}
