import Platform
import System

/// The directory of one run. While this value lives, its lock keeps other coordinators out.
///
///     let run = try RunDirectory.create("runs/mnist")      // or .resume
///     try File.writeAtomically(job, to: run.jobPath)
///     let incarnation = try run.nextIncarnation()          // 1 for the first coordinator
///     let latest = try run.checkpoints.newestValid { log.warning($0) }
package final class RunDirectory: Sendable {
    package let path: String
    private let lock: FileLock

    /// The resolved config of the job.
    package var jobPath: String { Path.join(path, RunDirectory.jobName) }
    /// The command line that started the run.
    package var originPath: String { Path.join(path, "run.json") }
    /// Training metrics: one line per logged step and per epoch.
    package var metricsPath: String { Path.join(path, "metrics.jsonl") }
    /// The epochs of `metrics.jsonl` as a table.
    package var tablePath: String { Path.join(path, "metrics.csv") }
    /// The event files of the run for TensorBoard.
    package var tensorBoardPath: String { Path.join(path, "tensorboard") }
    /// The run's log, one JSON object per line.
    package var logPath: String { Path.join(path, "log.jsonl") }
    /// The result of a completed run.
    package var resultPath: String { Path.join(path, "result.json") }
    package var checkpoints: CheckpointStore { RunDirectory.checkpoints(of: path) }

    /// The checkpoints of a run directory that is only read, without a lock.
    package static func checkpoints(of path: String) -> CheckpointStore {
        CheckpointStore(directory: Path.join(path, "checkpoints"))
    }

    /// Creates the directory of a new run and locks it. The directory may exist already if it is empty, or if
    /// its run died before it had a job.
    /// - Throws: `CheckpointError` or `SystemError`.
    package static func create(_ path: String) throws -> RunDirectory {
        if !Directory.isDirectory(path) {
            try Directory.create(Path.directory(of: path))
            try Directory.create(path, mode: 0o700)
        }
        let refusal = CheckpointError(
            "`\(path)` exists already; add --resume to go on with that run, or choose another --run-dir")
        let found = try names(in: path)
        guard found.isEmpty || found.contains(lockName) else { throw refusal }
        if found.isEmpty || isOpenedByEngine(path) { try tighten(path) }
        try requirePrivacy(path)
        // A run that goes on there is the better reason to refuse, so the lock comes before the list of
        // files.
        let lock = try takeLock(path)
        // The files that a start writes, until it has a job.
        let before = [lockName, incarnationName, jobName + ".tmp-", incarnationName + ".tmp-"]
        guard
            try names(in: path).allSatisfy({ name in
                before.contains { $0.hasSuffix("-") ? name.hasPrefix($0) : name == $0 }
            })
        else { throw refusal }
        try AtomicDirectory.removeLeftovers(in: path)
        return RunDirectory(path, lock)
    }

    /// The names in a directory but for those that file systems make themselves: a run directory may be the
    /// root of a volume.
    private static func names(in path: String) throws -> [String] {
        try Directory.list(path).filter { !["lost+found", ".snapshot", ".Trash-0"].contains($0) }
    }

    /// Locks the directory of an earlier run that is to be resumed. Partly written files of a crash are
    /// removed.
    /// - Throws: `CheckpointError` or `SystemError`.
    package static func resume(_ path: String) throws -> RunDirectory {
        guard hasJob(path) else {
            throw CheckpointError(
                "`\(path)` is no run directory: it has no job.json5; give the directory of an earlier run,"
                    + " or leave out --resume to start a new one"
            )
        }
        if isOpenedByEngine(path) { try tighten(path) }
        try requirePrivacy(path)
        let run = RunDirectory(path, try takeLock(path))
        try run.checkpoints.removeLeftovers()
        return run
    }

    /// Refuses a directory that other users can read, because a run holds the model, and for tables parts of
    /// the data.
    private static func requirePrivacy(_ path: String) throws {
        guard let directory = FileOwnership(of: path), !directory.isPrivate else { return }
        let cure =
            directory.isOwn
            ? "take it from them with:  chmod 700 \(path)"
            : "it belongs to another user, so its mode cannot be changed here: name a new directory below it,"
                + " which gets mode 700 (--run-dir \(Path.join(path, "run")))"
        throw CheckpointError(
            "other users of this machine have access to `\(path)`"
                + " (mode \(String(directory.permissions & 0o777, radix: 8))); \(cure)"
        )
    }

    /// Whether a container engine has opened the directory to the group that a volume has (`fsGroup`): it
    /// does so whenever it mounts the volume, and leaves others out.
    private static func isOpenedByEngine(_ path: String) -> Bool {
        guard let directory = FileOwnership(of: path) else { return false }
        return directory.permissions & 0o2000 != 0 && directory.permissions & 0o007 == 0
    }

    /// Takes a directory of this user from all others: an empty one, as volumes and `mkdir` make it, or one
    /// that an engine has opened.
    private static func tighten(_ path: String) throws {
        guard let before = FileOwnership(of: path), before.isOwn, !before.isPrivate else { return }
        try File.setPermissions(0o700, of: path)
        guard let after = FileOwnership(of: path), !after.isPrivate else { return }
        throw CheckpointError(
            "the file system of `\(path)` keeps no permissions (the mode stays"
                + " \(String(after.permissions & 0o777, radix: 8))), so other users can read the run; choose"
                + " a directory on another file system with --run-dir"
        )
    }

    private init(_ path: String, _ lock: FileLock) {
        self.path = path
        self.lock = lock
    }

    /// Removes a new run that could not begin: its own files, and the directory if nothing else is in it. The
    /// same command may then be given again.
    package func discard() {
        let names = [
            RunDirectory.jobName, "run.json", "metrics.jsonl", "metrics.csv", "log.jsonl", "token", "page",
            RunDirectory.incarnationName, RunDirectory.lockName,
        ]
        for name in names { unlink(Path.join(path, name)) }
        rmdir(path)
    }

    /// Counts this coordinator among those that have served the run. The number is 1 for the first one and
    /// greater than all before. When this returns, it is on the disk.
    /// - Throws: `CheckpointError` or `SystemError`.
    package func nextIncarnation() throws -> Int {
        let file = Path.join(path, RunDirectory.incarnationName)
        var last = 0
        if File.exists(file) {
            let text = try File.readText(file, limit: 64)
            guard let number = Int(text.prefix { $0.isNumber }), number >= 0, number < 1 << 31 else {
                throw CheckpointError(
                    "`\(file)` does not hold a number; write into it how often this run was started")
            }
            last = number
        }
        try File.writeAtomically("\(last + 1)\n", to: file)
        return last + 1
    }

    /// Whether a coordinator is at work in a run directory.
    package static func isLocked(_ path: String) -> Bool { FileLock.isHeld(Path.join(path, lockName)) }

    /// Whether a run has begun in a directory. A config beside which nothing of a run lies is none, whatever
    /// its name is.
    package static func hasRun(_ path: String) -> Bool {
        // An ensemble's own directory has no incarnation; one that was copied may have no lock.
        hasJob(path) && [lockName, incarnationName].contains { File.exists(Path.join(path, $0)) }
    }

    private static func hasJob(_ path: String) -> Bool { File.exists(Path.join(path, jobName)) }

    private static let jobName = "job.json5"
    private static let lockName = "lock"
    private static let incarnationName = "incarnation"

    private static func takeLock(_ path: String) throws -> FileLock {
        let file = Path.join(path, lockName)
        do {
            return try FileLock(file)
        } catch let error as SystemError where error.code == EWOULDBLOCK {
            let holder = FileLock.holder(of: file).map { " (process \($0))" } ?? ""
            throw CheckpointError(
                "another coordinator\(holder) is at work in `\(path)`; wait until it ends, stop it,"
                    + " or choose another --run-dir"
            )
        }
    }
}
