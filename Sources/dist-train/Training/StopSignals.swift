import Cluster
import Platform
import Synchronization
import System

/// The signals of a training. The first SIGINT or SIGTERM stops it and all that would follow it; a second one
/// ends the process at once. SIGUSR1 asks for a checkpoint.
final class StopSignals: Sendable {
    private let state = Mutex<(coordinator: Coordinator?, count: Int)>((nil, 0))

    /// Takes the signals from now on.
    init() throws {
        try Signals.deliver([SIGINT, SIGTERM, SIGUSR1]) { [self] signal in
            guard signal != SIGUSR1 else {
                state.withLock { $0.coordinator }?.checkpoint()
                return
            }
            let (coordinator, count) = state.withLock { state in
                state.count += 1
                return (state.coordinator, state.count)
            }
            if count > 1 { _exit(130) }
            coordinator?.stop()
        }
    }

    /// Makes this coordinator the target of signals. It is stopped at once if one has come before.
    func setTarget(_ coordinator: Coordinator) {
        let count = state.withLock { state in
            state.coordinator = coordinator
            return state.count
        }
        if count > 0 { coordinator.stop() }
    }
}
