import Platform
import System
import TestSupport
import Testing

/// Shells, cron, containers and service managers do things to a process before it begins: closed descriptors,
/// ignored signals, homes that are none, modes of volumes, limits.
@Suite(.serialized) struct SurroundingsTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private var directory: String { home.file("run") }

    /// Runs a shell command in which `$DT` is the program and `$JOB` a short job.
    private func shell(_ command: String, _ more: [String: String] = [:], seconds: Double = 60) throws
        -> Program.Finished
    {
        try Program.finish(start(command, more), seconds: seconds)
    }

    private func start(_ command: String, _ more: [String: String] = [:]) throws -> ChildProcess {
        let names = ["DT": Program.path, "JOB": Repository.digits, "RUN": directory]
        return try ChildProcess(
            "/bin/sh", ["-c", "cd \(home.path); " + command],
            environment: Program.environment(home.path, names.merging(more) { $1 }),
            standardOutput: .capture, standardError: .capture)
    }

    // MARK: Descriptors

    @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
    func closedDescriptors(closed: String) throws {
        let end = try shell("exec $DT run $JOB --workers 2 --run-dir $RUN --set epochs=1 \(closed)")
        end.expect(status: 0)
        #expect(File.exists(Path.join(directory, "result.json")))
        let lock = try File.readText(Path.join(directory, "lock"), limit: 4096)
        #expect(lock.allSatisfy { $0.isNumber || $0 == "\n" }, "nothing else was written into it: \(lock)")
        let log = EventLog(run: directory)
        #expect(try log.events("generation_started").count == 1 && !log.has("process_ended"), "\(log.text)")
        try Program.run(["checkpoint", "verify", directory], in: home.path).expect(status: 0)
    }

    // MARK: Signals

    private func training(_ prefix: String, workers: Int = 2) throws -> ChildProcess {
        let run = try start(
            "\(prefix) exec $DT run $JOB --workers \(workers) --run-dir $RUN --set epochs=100000")
        try EventLog(run: directory).wait(for: "epoch_finished", from: run)
        return run
    }

    /// The terminal closes: every process of the session gets SIGHUP, some of them twice.
    @Test func aHangUpStopsWithACheckpoint() throws {
        let run = try training("")
        defer { run.terminate() }
        for worker in try Processes.children(of: run.processID) { kill(worker, SIGHUP) }
        run.send(SIGHUP)
        run.send(SIGHUP)
        try Program.finish(run, seconds: 20).expect(status: 0)
        let log = EventLog(run: directory)
        #expect(try log.has("run_stopped") && !log.has("process_ended"), "\(log.text)")
        try Program.run(["checkpoint", "verify", directory], in: home.path).expect(status: 0)
    }

    /// `nohup`, and the jobs that a shell starts in the background of a script.
    @Test(arguments: [("HUP", SIGHUP), ("INT", SIGINT)])
    func anIgnoredSignalStaysIgnored(name: String, signal: Int32) throws {
        let run = try training("trap '' \(name);")
        defer { run.terminate() }
        let workers = try Processes.children(of: run.processID)
        for process in workers + [run.processID] { kill(process, signal) }
        let log = EventLog(run: directory)
        let before = try log.events("epoch_finished").count
        let goesOn = try eventually(within: 20) { try log.events("epoch_finished").count > before + 5 }
        #expect(goesOn && run.exitStatus() == nil)
        #expect(try !log.has("worker_lost") && !log.has("stop_requested"))
        run.send(SIGTERM)
        try Program.finish(run, seconds: 20).expect(status: 0)
    }

    /// systemd and `kill -TERM -PGID` signal the workers too.
    @Test(arguments: [SIGTERM, SIGINT]) func theWholeGroupIsStopped(signal: Int32) throws {
        let run = try training("")
        defer { run.terminate() }
        let workers = try Processes.children(of: run.processID)
        for process in workers + [run.processID] { kill(process, signal) }
        try Program.finish(run, seconds: 20).expect(status: 0)
        #expect(try EventLog(run: directory).has("run_stopped"))
    }

    @Test func theEndOfProcessorTimeStopsWithACheckpoint() throws {
        let run = try training("", workers: 1)
        defer { run.terminate() }
        for _ in 0..<3 { run.send(SIGXCPU) }
        try Program.finish(run, seconds: 20).expect(status: 0)
        #expect(try EventLog(run: directory).has("run_stopped"))
    }

    // MARK: Homes

    private static let strangers = [
        "HOME=/", "HOME=", "HOME=relative", "HOME=/dev/null/home", "HOME=/proc", "-u HOME",
        "HOME= XDG_CONFIG_HOME=here XDG_CACHE_HOME=there", "HOME=/ TMPDIR=/dev/null/tmp",
    ]

    @Test(arguments: strangers) func runsWithoutAHome(home setting: String) throws {
        let before = try Directory.list(home.path)
        try shell("exec env \(setting) $DT run $JOB --workers 2 --run-dir $RUN --set epochs=1").expect(
            status: 0)
        #expect(try Directory.list(home.path) == (before + ["run"]).sorted(), "nothing lies about")
        #expect(!File.exists("/.config/dist-train") && !File.exists("/.cache/dist-train"))
    }

    /// The coordinator keeps its token in the run directory, and workers take it from there.
    @Test(arguments: strangers) func coordinatorsWithoutAHome(home setting: String) throws {
        let coordinator = try start(
            "exec env \(setting) $DT coordinator $JOB --listen 127.0.0.1:0 --run-dir $RUN")
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let kept = try #require(EventLog(run: directory).events("token_kept").first?.text("file"))
        #expect(kept == Path.join(directory, "token"))
        #expect(try File.permissions(kept) == 0o600)
        let worker = try start(
            "exec env \(setting) $DT worker --join 127.0.0.1:\(port) --lanes 1 --token-file \(kept)")
        try Program.finish(worker, seconds: 30).expect(status: 0)
        try Program.finish(coordinator, seconds: 30).expect(status: 0)
    }

    /// A user that the system does not know, with the root's home, as OpenShift starts containers.
    @Test(.enabled(if: geteuid() == 0, "another user needs root")) func aUserWithoutAName() throws {
        #expect(chown(home.path, 12_345, 0) == 0)
        for setting in ["HOME=/", "HOME=/root", "HOME="] {
            try shell(
                "exec env \(setting) setpriv --reuid=12345 --regid=0 --clear-groups $DT run $JOB --workers 2"
                    + " --run-dir $RUN --set epochs=1"
            ).expect(status: 0)
            try Directory.remove(directory)
        }
    }

    // MARK: Secrets and volumes

    /// A secret as container engines mount it: for reading only, with a mode that cannot be changed.
    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
    func aSecretOnAReadOnlyMount() throws {
        let disk = try SmallFileSystem(bytes: 1 << 20)
        let file = Path.join(disk.path, "token")
        try File.writeAtomically(Tokens.ours + "\n", to: file, mode: 0o444)
        try File.setPermissions(0o444, of: file)
        let show = ["token", "show", "--token-file", file]
        try Program.run(show, in: home.path).expect(status: 1, "(mode 444)", "mount the secret read-only")
        try disk.makeReadOnly()
        let end = try Program.run(show, in: home.path)
        end.expect(status: 0)
        #expect(end.output == Tokens.ours + "\n")
    }

    @Test func aCredentialOfAService() throws {
        try Directory.create(home.file("credentials"))
        let file = try home.write("credentials/token", Tokens.ours + "\n", mode: 0o440)
        let show = ["token", "show", "--token-file", file]
        try Program.run(show, in: home.path).expect(status: 1, "(mode 440)", "$CREDENTIALS_DIRECTORY")
        try Program.run(show, in: home.path, ["CREDENTIALS_DIRECTORY": home.file("credentials")])
            .expect(status: 0)
        try Program.run(show, in: home.path, ["CREDENTIALS_DIRECTORY": home.file("other")])
            .expect(status: 1, "(mode 440)")
    }

    // MARK: Limits

    /// A job that is larger than `ulimit -v` allows: a sentence before it starts, and no backtrace.
    @Test func limitedAddresses() throws {
        let end = try shell(
            "ulimit -v 900000; exec $DT run $JOB --run-dir $RUN --set model.1.dense=300000 --set epochs=1")
        #expect(!end.errors.holds("Crash") && !end.errors.holds("Backtrace"), "\(end.errors)")
        end.expect(status: 1, "error: ", "`ulimit -v` allows 878.9 MiB", "ulimit -v unlimited")
        #expect(!File.exists(directory), "the same command may be given again")
    }

    /// OpenBLAS' threads want memory of their own; the program ends without them.
    @Test func limitedData() throws {
        let command = "exec $DT run $JOB --run-dir $RUN --set epochs=1"
        try shell("ulimit -d 100000; \(command) --set model.1.dense=300000").expect(
            status: 1, "`ulimit -d` allows 97.7 MiB", "ulimit -d unlimited")
        try shell("ulimit -d 100000; \(command)").expect(status: 0)
    }

    /// A run directory may be the root of a volume.
    @Test func aVolumeOfItsOwn() throws {
        try Directory.create(Path.join(directory, "lost+found"), mode: 0o700)
        try shell("exec $DT run $JOB --run-dir $RUN --set epochs=1").expect(status: 0)
        try Directory.create(home.file("other/mine"), mode: 0o700)
        try shell("exec $DT run $JOB --run-dir other --set epochs=1").expect(status: 1, "exists already")
    }

    /// The only worker is asked to end: the run stops, as if the signal had come to the coordinator.
    @Test func aWorkerThatIsAskedToEnd() throws {
        let run = try training("", workers: 1)
        defer { run.terminate() }
        for worker in try Processes.children(of: run.processID) { kill(worker, SIGTERM) }
        try Program.finish(run, seconds: 20).expect(status: 0)
        #expect(try EventLog(run: directory).has("run_stopped"))
        try Program.run(["checkpoint", "verify", directory], in: home.path).expect(status: 0)
    }

    /// Limits of a control group of version 1, which the test makes.
    @Test(.enabled(if: TestControlGroup.isPossible, "control groups of version 1 need root"))
    func aQuotaOfProcessorTime() throws {
        for (quota, cores) in [(50_000, 1), (150_000, min(2, Processor.available))] {
            let group = try TestControlGroup("cpu", ["cpu.cfs_quota_us": "\(quota)"])
            let end = try shell("echo $$ > \(group.path)/cgroup.procs; exec $DT doctor --json")
            end.expect(status: 0)
            #expect(field("cores", in: end.output) == "\(cores)", "\(end.output)")
        }
    }

    @Test(.enabled(if: TestControlGroup.isPossible, "control groups of version 1 need root"))
    func aLimitOfMemory() throws {
        let group = try TestControlGroup("memory", ["memory.limit_in_bytes": "\(256 << 20)"])
        let end = try shell(
            "echo $$ > \(group.path)/cgroup.procs; "
                + "exec $DT run $JOB --run-dir $RUN --set model.1.dense=1000000 --set epochs=1")
        end.expect(
            status: 1, "the control group (container, service or batch job) allows 256.0 MiB",
            "raise the memory limit")
        #expect(!File.exists(directory))
    }

    /// Nobody of the program kills a worker with SIGKILL: the system does when memory has run out.
    @Test func aWorkerThatIsKilled() throws {
        let run = try training("", workers: 1)
        defer { run.terminate() }
        for worker in try Processes.children(of: run.processID) { kill(worker, SIGKILL) }
        try EventLog(run: directory).wait(for: "process_ended", from: run)
        try Program.wait(for: "memory has run out", from: run)
    }
}

/// A control group of version 1, for one test.
final class TestControlGroup {
    let path: String

    static let isPossible =
        geteuid() == 0
        && ["cpu", "memory"].allSatisfy { access("/sys/fs/cgroup/\($0)/cgroup.procs", W_OK) == 0 }

    init(_ controller: String, _ values: [String: String]) throws {
        path = "/sys/fs/cgroup/\(controller)/dist-train-test-\(randomHex(bytes: 4))"
        guard mkdir(path, 0o755) == 0 else { throw SystemError(cannot: "make the directory", path) }
        for (name, value) in values {
            let file = open(Path.join(path, name), O_WRONLY)
            defer { close(file) }
            guard write(file, value, value.utf8.count) == value.utf8.count else {
                throw SystemError(cannot: "write", name)
            }
        }
    }

    deinit { rmdir(path) }
}
