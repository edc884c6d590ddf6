import System

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Places at which a test wants this process to die or to freeze, so that no test waits for luck to hit one.
///
/// `DIST_TRAIN_FAULT=ROLE:PHASE:STEP:ACTION[,…]`. ROLE is `coordinator` or `rank0`, `rank1`, …; STEP counts the steps that are done; ACTION is `kill` (SIGKILL) or `stop` (SIGSTOP).
/// The coordinator's phases: `step` (a step's report is recorded), `evaluation` (results of some chunks have come), `decision` (made, not yet told), `snapshot` (it is complete), `checkpoint-written`,
/// `finish` (before `result.json` is written); `member` (in an ensemble, before the member of that number begins). A rank's: those of `TrainingPhase`. Without the variable a phase costs one test of an empty list.
package struct FaultPoints: Sendable {
    static let variable = "DIST_TRAIN_FAULT"

    package enum Action: String, Sendable { case kill, stop }

    struct Point: Equatable, Sendable {
        var role: String
        var phase: String
        var step: Int
        var action: Action
    }

    let points: [Point]

    /// What the environment asks for, nearly always nothing.
    package static func ofEnvironment() throws -> FaultPoints { try FaultPoints(parsing: Environment.value(variable) ?? "") }

    package init(parsing text: String) throws {
        points = try text.split(separator: ",").map { item in
            let parts = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, let step = Int(parts[2]), step >= 0, let action = Action(rawValue: parts[3]) else {
                throw SystemError("\(Self.variable) holds `\(item)`; write ROLE:PHASE:STEP:kill or ROLE:PHASE:STEP:stop, or unset it")
            }
            return Point(role: parts[0], phase: parts[1], step: step, action: action)
        }
    }

    /// The point that is met in this phase, if one is.
    package func action(_ role: String, _ phase: String, _ step: Int) -> Action? {
        points.first { $0.step == step && $0.phase == phase && $0.role == role }?.action
    }

    @inline(__always)
    package func reach(_ role: @autoclosure () -> String, _ phase: @autoclosure () -> String, _ step: Int) {
        if points.isEmpty { return }
        switch action(role(), phase(), step) {
        case .kill: kill(getpid(), SIGKILL)
        case .stop: kill(getpid(), SIGSTOP)
        case nil: break
        }
    }
}
