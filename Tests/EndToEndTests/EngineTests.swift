import Platform
import System
import TestSupport
import Testing

/// Schedulers, service managers and container engines expect this of a process: a chosen exit status, secrets
/// where they put them, the duties of the first process of a container, volumes of other owners.
@Suite(.serialized) struct EngineTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private var directory: String { home.file("run") }

    /// Starts a shell command in which `$DT` is the program and `$LINE` a line that trains for long.
    private func start(_ command: String, epochs: Int = 100_000, _ more: [String: String] = [:]) throws
        -> ChildProcess
    {
        let line =
            "\(Program.path) run \(Repository.digits) --workers 2 --lanes 1 --run-dir \(directory)"
            + " --resume=auto --exit-code-when-asked 75 --set epochs=\(epochs)"
        return try ChildProcess(
            "/bin/sh", ["-c", "cd \(home.path); " + command],
            environment: Program.environment(
                home.path,
                ["DT": Program.path, "JOB": Repository.digits, "LINE": line].merging(more) { $1 }),
            standardOutput: .capture, standardError: .capture)
    }

    private func shell(_ command: String, epochs: Int = 1, _ more: [String: String] = [:]) throws
        -> Program.Finished
    {
        try Program.finish(start(command, epochs: epochs, more))
    }

    private var log: EventLog { EventLog(run: directory) }

    // MARK: Exit status

    @Test func theChosenStatus() throws {
        let run = try start("exec $LINE")
        defer { run.terminate() }
        try log.wait(for: "epoch_finished", from: run)
        run.send(SIGTERM)
        try Program.finish(run, seconds: 20).expect(status: 75)
        let coordinator = try start(
            "exec $DT coordinator $JOB --listen 127.0.0.1:0 --run-dir other --exit-code-when-asked 76")
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let worker = try start(
            "exec $DT worker --join 127.0.0.1:\(port) --lanes 1 --exit-code-when-asked 77 --log-file joined")
        defer { worker.terminate() }
        try EventLog(path: home.file("joined")).wait(for: "session_ready", from: worker)
        worker.send(SIGTERM)
        try Program.finish(worker, seconds: 20).expect(status: 77)
        coordinator.send(SIGTERM)
        try Program.finish(coordinator, seconds: 20).expect(status: 76)
    }

    /// Ends a coordinator that reads its token, so that the training has not begun. The token comes from a
    /// pipe that stays open.
    private func endWhileReading(
        _ words: [String], _ arguments: [String], _ find: (ChildProcess) throws -> Int32
    )
        throws -> Program.Finished
    {
        let pipe = try Pipe()
        let line =
            words + [
                Program.path, "coordinator", Repository.digits, "--run-dir", directory, "--token-file", "-",
            ]
        let process = try ChildProcess(
            line[0], Array(line.dropFirst()) + arguments, environment: Program.environment(home.path),
            descriptors: [0: pipe.readEnd], standardOutput: .capture, standardError: .capture)
        try pipe.write(Array(Tokens.ours.prefix(8).utf8))
        let isReading = eventually(within: 20) {
            var waiting: Int32 = 0
            return ioctl(pipe.readEnd, UInt(FIONREAD), &waiting) == 0 && waiting == 0
        }
        let target = try find(process)
        defer { endAll(target, of: process) }
        #expect(isReading)
        kill(target, SIGTERM)
        let end = try Program.finish(process, seconds: 20)
        #expect(!File.exists(directory))
        return end
    }

    @Test func beforeTheTraining() throws {
        let usual = try endWhileReading([], []) { $0.processID }
        #expect(usual.status == .killed(signal: SIGTERM), "\(usual.errors)")
        try endWhileReading([], ["--exit-code-when-asked", "75"]) { $0.processID }.expect(status: 75)
    }

    // MARK: Secrets

    @Test func whereATokenIsFound() throws {
        let names = ["option", "variable", "credential"]
        let tokens = names.map { _ in randomHex(bytes: 32) }
        try Directory.create(home.file("credentials"))
        let option = try home.write("option", tokens[0])
        let variable = try home.write("variable", tokens[1])
        try home.write("credentials/dist-train-token", tokens[2], mode: 0o440)
        var surroundings = [
            "CREDENTIALS_DIRECTORY": home.file("credentials"), "DIST_TRAIN_TOKEN_FILE": variable,
            "DIST_TRAIN_TOKEN": Tokens.ours,
        ]
        func shown(_ more: [String] = []) throws -> String {
            let end = try Program.run(["token", "show"] + more, in: home.path, surroundings)
            end.expect(status: 0)
            return end.output
        }
        #expect(try shown(["--token-file", option]) == tokens[0] + "\n")
        #expect(try shown() == Tokens.ours + "\n")
        surroundings["DIST_TRAIN_TOKEN"] = nil
        #expect(try shown() == tokens[1] + "\n")
        surroundings["DIST_TRAIN_TOKEN_FILE"] = nil
        #expect(try shown() == tokens[2] + "\n")
        let rotated = try Program.run(["token", "rotate"], in: home.path, surroundings)
        #expect(rotated.output.holds("credentials/dist-train-token` comes before the file"))
        surroundings["DIST_TRAIN_TOKEN_FILE"] = home.file("none")
        try Program.run(["token", "show"], in: home.path, surroundings)
            .expect(status: 1, "/none")
    }

    /// A secret as container engines mount it, and a root that is not for writing: a coordinator and a worker
    /// find it, and the volume alone is written to.
    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func aSecretAndAReadOnlyRoot() throws {
        try Directory.create(home.file("volume"))
        let end = try shell(
            """
            exec unshare --mount --net sh -ec '
              ip link set lo up
              mount --make-rprivate /
              mount -t tmpfs none /run; mkdir -p /run/secrets
              echo \(Tokens.ours) > /run/secrets/dist-train-token
              chmod 444 /run/secrets/dist-train-token
              mount -o remount,ro /run
              mount -t tmpfs none volume
              mount -o remount,bind,ro /
              if touch /written 2>/dev/null; then echo "the root is not read-only"; exit 1; fi
              cd volume
              $DT coordinator $JOB --listen 127.0.0.1:7079 --run-dir $PWD/run --resume=auto --json \
                --set epochs=1 > result &
              $DT worker --join 127.0.0.1:7079 --lanes 1
              wait $!
              cat result
              for again in 1 2; do
                $DT run $JOB --run-dir $PWD/local --workers 2 --resume=auto --json \
                  --set epochs=1 > local-$again
              done
              cmp local-1 local-2
              ls run local'
            """, ["TMPDIR": "/tmp"])
        end.expect(status: 0)
        #expect(field("steps", in: end.output) != nil, "\(end.output)")
        #expect(!end.output.holds("token\n"), "no token was made")
    }

    // MARK: Volumes

    /// Kubernetes gives a volume to the group of the pod (`fsGroup`): root owns it, and whenever it is
    /// mounted all that is on it is opened to the group.
    @Test(.enabled(if: geteuid() == 0, "another user needs root"), arguments: [UInt32(0o2770), 0o2775])
    func aVolumeOfAGroup(mode: UInt32) throws {
        #expect(chmod(home.path, 0o755) == 0)
        let volume = home.file("volume")
        try Directory.create(Path.join(volume, "lost+found"), mode: 0o700)
        #expect(chown(volume, 0, 4242) == 0)
        try File.setPermissions(mode, of: volume)
        let user = "setpriv --reuid=12345 --regid=12345 --groups=4242 --inh-caps=-all env HOME=/"
        let line =
            "exec \(user) $DT run $JOB --workers 2 --listen 127.0.0.1:0 --run-dir \(volume)/run"
            + " --resume=auto --json --set epochs=2 --set checkpoint.every=12 --set checkpoint.best=null"
        let first = try shell(line, ["DIST_TRAIN_FAULT": "coordinator:checkpoint-written:12:kill"])
        #expect(first.status == .killed(signal: SIGKILL), "\(first.errors)")
        #expect(try File.permissions(Path.join(volume, "run")) == 0o700)
        #expect(File.exists(Path.join(volume, "run/token")), "there is no home for it")
        // As the kubelet does it.
        let opened = try shell(
            "chgrp -R 4242 \(volume)/run; chmod -R g+rwX \(volume)/run;"
                + " find \(volume)/run -type d -exec chmod g+s {} +")
        opened.expect(status: 0)
        #expect(try File.permissions(Path.join(volume, "run")) == 0o770)
        let second = try shell(line)
        second.expect(status: 0)
        #expect(EventLog(run: Path.join(volume, "run")).text.holds("run_resumed"))
        #expect(try shell(line).output == second.output)
    }

    // MARK: The first process of a container

    /// Ends what a failed test has left: the process below `run`, whose end it waits for.
    private func endAll(_ process: Int32, of run: ChildProcess) {
        if run.exitStatus() == nil { kill(process, SIGKILL) }
        run.terminate()
    }

    /// Starts the line as the first process of a process namespace; returns its process id outside.
    private func firstProcess(of run: ChildProcess) throws -> Int32 {
        var first: Int32?
        _ = try eventually(within: 20) {
            first = try Processes.children(of: run.processID).first
            return first != nil
        }
        return try #require(first)
    }

    private static let namespace = "exec unshare --pid --fork --mount-proc"

    @Test(.enabled(if: geteuid() == 0, "namespaces need root"))
    func theFirstProcessReapsOrphansAndHearsSignals() throws {
        let run = try start("\(Self.namespace) $LINE")
        let first = try firstProcess(of: run)
        defer { endAll(first, of: run) }
        try log.wait(for: "epoch_finished", from: run)
        // An orphan: its parent, a shell that came from outside, ends at once.
        let orphan = "sleep 600.\(getpid())"
        try shell("exec nsenter --target \(first) --pid --mount sh -c '(\(orphan) &)'").expect(status: 0)
        var process: Int32?
        let isAdopted = try eventually(within: 20) {
            process = try Processes.children(of: first).first {
                Processes.commandLine(of: $0)?.holds(orphan) == true
            }
            return process != nil
        }
        #expect(isAdopted)
        let adopted = try #require(process)
        kill(adopted, SIGKILL)
        let isReaped = eventually(within: 30) { Processes.state(adopted) == nil }
        #expect(isReaped, "nobody asks how the orphan ended")
        // How its own children end is still known.
        let worker = try #require(
            Processes.children(of: first).first { Processes.commandLine(of: $0)?.holds(" worker ") == true })
        kill(worker, SIGKILL)
        try log.wait(for: "process_ended", from: run) { $0.text("status") == "was killed by SIGKILL" }
        try log.wait(for: "process_replaced", from: run)
        kill(first, SIGTERM)
        try Program.finish(run, seconds: 30).expect(status: 75)
        #expect(try log.has("run_stopped"))
    }

    /// The system drops the signals of a first process that does not take them.
    @Test(.enabled(if: geteuid() == 0, "namespaces need root"))
    func theFirstProcessEndsBeforeTheTraining() throws {
        let words = ["unshare", "--pid", "--fork", "--mount-proc"]
        try endWhileReading(words, [], firstProcess).expect(status: 128 + SIGTERM)
        try endWhileReading(words, ["--exit-code-when-asked", "75"], firstProcess).expect(status: 75)
    }

    @Test(.enabled(if: geteuid() == 0, "namespaces need root"))
    func aFirstProcessThatWaits() throws {
        let run = try start(
            "\(Self.namespace) $DT worker --join 127.0.0.1:9 --log-file waiting --exit-code-when-asked 75",
            ["DIST_TRAIN_TOKEN": Tokens.ours])
        let first = try firstProcess(of: run)
        defer { endAll(first, of: run) }
        try EventLog(path: home.file("waiting")).wait(for: "session_waiting", from: run)
        kill(first, SIGTERM)
        try Program.finish(run, seconds: 30).expect(status: 75)
    }
}
