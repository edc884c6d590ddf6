import Platform
import Synchronization
import System

/// The points at which a test wants this process to die, to freeze, to hang or to compute wrongly. With them,
/// no test waits for luck.
///
/// `DIST_TRAIN_FAULT=ROLE:PHASE:STEP:ACTION[:GENERATION][,…]`, for example `rank1:backward:7:kill`:
///
/// - ROLE is `coordinator`, `worker` or, for a member of a generation, `rank0`, `rank1`, ….
///   `PHASE:RANK:STEP:ACTION` says the same of a member.
/// - STEP counts the steps that are done.
/// - ACTION is `kill` (SIGKILL), `stop` (SIGSTOP) or `hang` (the thread sleeps for ever). In the phase
///   `contribution` it may also be `flip` (one bit of one gradient becomes wrong) or `burst` (the gradient
///   becomes infinite or NaN).
/// - GENERATION limits the point to one generation. Without it, a process that takes the rank in a later
///   generation meets the point too.
///
/// A process meets each point once. Without the variable a phase costs one test of an empty list.
package struct FaultPoints: Sendable {
    /// The phase in which a gradient may become wrong.
    static let contribution = "contribution"
    static let variable = "DIST_TRAIN_FAULT"

    /// The phases of each role, with their meanings.
    package static let phases: [(role: String, phases: [(name: String, meaning: String)])] = [
        (
            "coordinator",
            [
                ("form", "a generation forms; STEP is its first"), ("step", "a step's report is recorded"),
                ("evaluation", "results of some chunks have come"), ("decision", "made, not yet told"),
                ("snapshot", "it is complete"),
                ("checkpoint-begun", "its writing: a temporary directory is there"),
                ("checkpoint-model", "and the model in it"),
                ("checkpoint-optimizer", "and the moments"), ("checkpoint-manifest", "and the manifest"),
                ("checkpoint-renamed", "it has its name"),
                ("checkpoint-written", "the run knows that it is on the disk"),
                ("finish", "before result.json is written"),
                ("member", "in an ensemble, before the member of that number begins"),
            ]
        ),
        (
            "worker",
            [
                ("handshake", "the coordinator has let it in; STEP is 0"), ("data", "the data are here"),
                ("prepared", "it has said that it is ready"),
            ]
        ),
        (
            "rankN",
            [
                ("form", "connected to all, before it says so"), ("data", "of a step"),
                ("forward", "it begins"),
                ("statistics", "of a batch norm, waits for the others'"), ("backward", "it begins"),
                (
                    contribution,
                    """
                    the first gradients of a step are there; here \(Action.flip) makes one wrong, \
                    \(Action.burst) infinite
                    """
                ),
                ("gradients", "the first of a step are queued"),
                ("frame", "half of a step's first frame of gradients over a socket is sent"),
                ("update", "before its first parameters"),
                ("waiting", "for the step's end"), ("snapshot", "before its part is copied"),
                ("evaluation", "it begins"),
                ("decision", "waits for it"),
            ]
        ),
    ]

    package enum Action: String, Sendable {
        case kill, stop, hang, flip, burst

        /// The change to the bits of a gradient; nil for an action that changes none.
        package var corruption: ((UInt32) -> UInt32)? {
            switch self {
            case .flip: { $0 ^ 1 << 20 }
            case .burst: { $0 | 0x7f80_0000 }
            case .kill, .stop, .hang: nil
            }
        }
    }

    struct Point: Equatable, Sendable {
        var role: String
        var phase: String
        var step: Int
        var action: Action
        /// Nil: any generation.
        var generation: Int?
    }

    let points: [Point]
    private let met = Met()

    private final class Met: Sendable {
        let indices = Mutex<Set<Int>>([])
    }

    /// Reads the environment variable, which is nearly always missing.
    package static func ofEnvironment() throws -> FaultPoints {
        try FaultPoints(parsing: Environment.value(variable) ?? "")
    }

    package init(parsing text: String) throws {
        points = try text.split(separator: ",").map { item in
            let parts = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let generation = parts.count == 5 ? Int(parts[4]) : nil
            guard parts.count == 4 || generation != nil, let step = Int(parts[2]), step >= 0,
                let action = Action(rawValue: parts[3]),
                action.corruption == nil || parts.contains(Self.contribution)
            else {
                throw SystemError(
                    """
                    \(Self.variable) holds `\(item)`; write ROLE:PHASE:STEP:kill (of a member \
                    PHASE:RANK:STEP:kill), …:stop, …:hang or, in \(Self.contribution), …:flip or …:burst, or \
                    unset it
                    """
                )
            }
            if let rank = Int(parts[1]) {
                return Point(
                    role: "rank\(rank)", phase: parts[0], step: step, action: action, generation: generation)
            }
            return Point(role: parts[0], phase: parts[1], step: step, action: action, generation: generation)
        }
    }

    package var isEmpty: Bool { points.isEmpty }

    /// Returns the action of the point that is met here, if any. Each point is met once.
    package func action(_ role: String, _ phase: String, _ step: Int, generation: Int = 0) -> Action? {
        let index = points.firstIndex {
            $0.step == step && $0.phase == phase && $0.role == role
                && ($0.generation ?? generation) == generation
        }
        guard let index, met.indices.withLock({ $0.insert(index).inserted }) else { return nil }
        return points[index].action
    }

    /// A member comes to a phase of a step.
    ///
    /// - Parameter prepare: called if a point is met, before the process dies, freezes or hangs. It corrupts
    ///   a gradient if the action asks for that.
    @inline(__always)
    func reach(
        _ formation: Formation, _ phase: @autoclosure () -> String, _ step: Int,
        after prepare: (Action) -> Void = { _ in }
    ) {
        if points.isEmpty { return }
        reach(
            "rank\(formation.rank)", phase(), step, generation: Int(formation.generation.counter),
            after: prepare)
    }

    @inline(__always)
    package func reach(
        _ role: @autoclosure () -> String, _ phase: @autoclosure () -> String, _ step: Int,
        generation: Int = 0,
        after prepare: (Action) -> Void = { _ in }
    ) {
        if points.isEmpty { return }
        guard let action = action(role(), phase(), step, generation: generation) else { return }
        prepare(action)
        switch action {
        case .kill: kill(getpid(), SIGKILL)
        case .stop: kill(getpid(), SIGSTOP)
        case .hang: while true { Clock.sleep(seconds: 3600) }
        case .flip, .burst: break
        }
    }
}
