import Collectives
import Training

/// The hooks for tests in a member's work, all in one place: see `FaultPoints`.
struct MemberTestHooks: Sendable {
    let faults: FaultPoints
    let formation: Formation

    /// The member has come to a phase of a step.
    @inline(__always)
    func reach(_ phase: @autoclosure () -> String, _ step: Int) {
        faults.reach(formation, phase(), step)
    }

    /// Watches the phases that only the state and the mesh know. Without fault points nothing is watched.
    func install(in state: MemberState, _ mesh: Mesh) {
        guard !faults.isEmpty else { return }
        let (faults, formation) = (faults, formation)
        state.updating = { faults.reach(formation, "update", $0) }
        state.contributing = { [unowned state] in
            faults.reach(formation, FaultPoints.contribution, $0) {
                if let change = $0.corruption { state.corruptGradient(change) }
            }
        }
        mesh.sent = { envelope, socket in
            guard envelope.kind == .partial else { return }
            faults.reach(formation, "gradients", envelope.step)
            guard let socket else { return }
            faults.reach(formation, "frame", envelope.step) { _ in socket.pushHalfOfLastFrame() }
        }
    }
}
