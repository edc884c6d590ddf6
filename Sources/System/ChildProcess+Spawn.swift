import CSystem
import Platform

#if canImport(Darwin)
    private typealias FileActions = posix_spawn_file_actions_t?
    private typealias Attributes = posix_spawnattr_t?
    private func emptyFileActions() -> FileActions { nil }
    private func emptyAttributes() -> Attributes { nil }
    /// The flag with which the system closes in the child every descriptor that the table does not name.
    private let closesTheRest = POSIX_SPAWN_CLOEXEC_DEFAULT
#else
    private typealias FileActions = posix_spawn_file_actions_t
    private typealias Attributes = posix_spawnattr_t
    private func emptyFileActions() -> FileActions { FileActions() }
    private func emptyAttributes() -> Attributes { Attributes() }
    private let closesTheRest: Int32 = 0
#endif

/// Starts a program with `posix_spawn`. `table` maps the child's descriptor numbers to descriptors of this
/// process; all others are closed in the child.
func spawn(_ program: String, _ arguments: [String], environment: [String: String], _ table: [Int32: Int32])
    throws -> pid_t
{
    // The child's numbers may be in use in this process. Copies with higher numbers than all of them cannot
    // collide.
    let last = table.keys.max() ?? 2
    var copies: [Descriptor] = []
    var actions = emptyFileActions()
    var attributes = emptyAttributes()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
    for (number, source) in table {
        let copy = fcntl(source, F_DUPFD_CLOEXEC, max(last + 1, 3))
        guard copy >= 0 else { throw SystemError(cannot: "pass the descriptor \(source) to", program) }
        copies.append(Descriptor(adopting: copy))
        posix_spawn_file_actions_adddup2(&actions, copy, number)
    }
    if closesTheRest == 0 {
        for number in 0..<last where table[number] == nil {
            posix_spawn_file_actions_addclose(&actions, number)
        }
    }
    _ = csystem_spawn_close_from(&actions, last + 1)
    resetSignals(&attributes)

    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return try Children.starting {
        var processID: pid_t = 0
        let result = withCStrings([program] + arguments) { arguments in
            withCStrings(variables) { variables in
                withExtendedLifetime(copies) {
                    posix_spawnp(&processID, program, &actions, &attributes, arguments, variables)
                }
            }
        }
        guard result == 0 else { throw SystemError(cannot: "start", program, code: result) }
        return processID
    }
}

/// Makes the child start with no signal ignored, whatever this process does with its own. The exception is a
/// hang-up that this process ignores (`nohup`): its children outlive the terminal too. Only the signals of
/// schedulers are blocked: they come to every process of a job, and would end this program's workers before
/// they ignore them (`Signals.ignoreHarmless`).
private func resetSignals(_ attributes: inout Attributes) {
    var blocked = Signals.setOfSchedulers
    var all = sigset_t()
    sigfillset(&all)
    sigdelset(&all, SIGKILL)
    sigdelset(&all, SIGSTOP)
    if Signals.isIgnored(SIGHUP) { sigdelset(&all, SIGHUP) }
    posix_spawnattr_setsigmask(&attributes, &blocked)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | closesTheRest
    posix_spawnattr_setflags(&attributes, Int16(flags))
}
