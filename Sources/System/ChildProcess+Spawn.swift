import CSystem

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

#if canImport(Darwin)
    private typealias FileActions = posix_spawn_file_actions_t?
    private typealias Attributes = posix_spawnattr_t?
#else
    private typealias FileActions = posix_spawn_file_actions_t
    private typealias Attributes = posix_spawnattr_t
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
    #if canImport(Darwin)
        var actions: FileActions = nil
        var attributes: Attributes = nil
    #else
        var actions = FileActions()
        var attributes = Attributes()
    #endif
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
    #if !canImport(Darwin)
        for number in 0..<last where table[number] == nil {
            posix_spawn_file_actions_addclose(&actions, number)
        }
    #endif
    _ = csystem_spawn_close_from(&actions, last + 1)
    resetSignals(&attributes)

    var processID: pid_t = 0
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
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

/// Makes the child start with no signal blocked and none ignored, whatever this process does with its own.
private func resetSignals(_ attributes: inout Attributes) {
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    sigdelset(&all, SIGKILL)
    sigdelset(&all, SIGSTOP)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    #if canImport(Darwin)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT))
    #else
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    #endif
}
