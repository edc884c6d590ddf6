import Platform
import System
import TestSupport
import Testing

extension Exactness {
    /// `run --hosts`: workers that ssh starts. A script named `ssh` plays the hosts, each with a home of its
    /// own; `Tests/Engines/ssh` does the same with a real one.
    @Suite struct RemoteHosts {
        static let job = DigitsJob(microbatches: 8)

        /// A bench, and the hosts `a`, `b` and `c`, of which each has the program in its PATH; `unknown` and
        /// `closed`, which let nobody in; and `bare`, which has no program.
        private struct Scene {
            let bench: Bench

            init(_ job: DigitsJob = RemoteHosts.job) throws {
                bench = try Bench(job)
                for folder in ["tools", "programs"] {
                    try Directory.createNew(bench.directory.file(folder), mode: 0o700)
                }
                guard symlink(Program.path, bench.directory.file("programs/dist-train")) == 0 else {
                    throw SystemError(cannot: "link", Program.path)
                }
                try bench.directory.write(
                    "tools/ssh",
                    """
                    #!/bin/sh
                    while [ "$1" != -- ]; do shift; done
                    case $2 in
                    unknown) echo "Host key verification failed." >&2; exit 255 ;;
                    closed) echo "bob@closed: Permission denied (publickey)." >&2; exit 255 ;;
                    bare) PATH=/usr/bin:/bin ;;
                    *) PATH='\(bench.path)'/programs:/usr/bin:/bin ;;
                    esac
                    HOME='\(bench.path)'/$2
                    SSH_CONNECTION="127.0.0.1 40000 127.0.0.1 22"
                    export HOME PATH SSH_CONNECTION
                    mkdir -p "$HOME"
                    exec sh -c "$3"

                    """, mode: 0o700)
            }

            var environment: [String: String] {
                let path = Environment.value("PATH") ?? "/usr/bin:/bin"
                return bench.environment(["PATH": "\(bench.directory.file("tools")):\(path)"])
            }

            func arguments(_ hosts: String, workers: Int, _ more: [String]) -> [String] {
                bench.arguments("run", workers: workers, ["--hosts", hosts] + more)
            }

            func start(_ hosts: String, workers: Int, _ more: [String] = [], fault: String? = nil) throws
                -> ChildProcess
            {
                var environment = environment
                environment["DIST_TRAIN_FAULT"] = fault
                return try Program.start(
                    arguments(hosts, workers: workers, more), in: bench.path, environment)
            }

            func run(_ hosts: String, workers: Int, _ more: [String] = [], fault: String? = nil) throws
                -> Program.Finished
            {
                try Program.finish(try start(hosts, workers: workers, more, fault: fault))
            }

            func expectQuietBits(_ finished: Program.Finished, workers: Int) throws {
                #expect(finished.status == .exited(0), "\(finished.errors)")
                #expect(try Bits(finished, bench.runDirectory("run")) == bench.quiet(), "\(finished.errors)")
                #expect(field("workers", in: finished.output) == "\(workers)", "\(finished.errors)")
                #expect(bench.leftovers() == [])
            }

            var log: EventLog { bench.log("run") }
        }

        @Test(arguments: [0, 1]) func hostsTrain(local: Int) throws {
            let scene = try Scene()
            let finished = try scene.run("bob@a,b:2222", workers: local)
            try scene.expectQuietBits(finished, workers: local + 2)
            let started = try scene.log.events("host_started").compactMap { $0.text("host") }.sorted()
            #expect(started == ["b:2222", "bob@a"])
            // Each host has a cache of its own, and nothing was copied.
            #expect(File.exists(scene.bench.directory.file("a/.cache/dist-train")))
            #expect(!File.exists(scene.bench.directory.file("a/.cache/dist-train/bin")))
        }

        @Test(arguments: [[], ["--listen", "127.0.0.1:0"], ["--advertise", "localhost", "--plaintext"]])
        func addresses(more: [String]) throws {
            let scene = try Scene()
            try scene.expectQuietBits(scene.run("a", workers: 0, more), workers: 1)
        }

        /// A worker that is killed there is replaced there: without it nobody would finish the job.
        @Test func aRemoteWorkerDies() throws {
            let scene = try Scene()
            let finished = try scene.run("a", workers: 0, fault: "rank0:backward:17:kill:1")
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try Bits(finished, scene.bench.runDirectory("run")) == scene.bench.quiet())
            let ended = try #require(scene.log.events("process_ended").first, "\(scene.log.text)")
            #expect(ended.text("status") == "was killed by SIGKILL", "\(ended)")
            #expect(try scene.log.has("process_replaced") { $0.text("host") == ended.text("host") })
            #expect(scene.bench.leftovers() == [])
        }

        /// Hosts without a worker are named, each with its reason; the others begin without them.
        @Test func theOthersGoOn() throws {
            let scene = try Scene()
            let finished = try scene.run("a,unknown,bob@closed", workers: 1)
            try scene.expectQuietBits(finished, workers: 2)
            let failed = try scene.log.events("host_failed")
            #expect(Set(failed.compactMap { $0.text("host") }) == ["unknown", "bob@closed"])
            #expect(
                finished.errors.contains("no worker on unknown: its host key is not known here: `ssh unk"))
            #expect(finished.errors.contains("`ssh-copy-id bob@closed`"), "\(finished.errors)")
        }

        @Test func noHostIsLeft() throws {
            let scene = try Scene()
            let finished = try scene.run("unknown,closed,bare", workers: 0)
            #expect(finished.status == .exited(1))
            for words in ["no worker is left", "unknown: its host key", "closed: it lets nobody in"] {
                #expect(finished.errors.contains(words), "\(words) in: \(finished.errors)")
            }
            #expect(finished.errors.contains("`deploy/package` makes"), "a program of tests is not one file")
            #expect(scene.bench.leftovers() == [])
        }

        /// Whatever ends `run`, no process of a host stays.
        @Test(arguments: [SIGKILL, SIGTERM, SIGINT]) func theEndOfRun(signal: Int32) throws {
            let scene = try Scene(DigitsJob(microbatches: 8, steps: 100_000, epochs: 100_000))
            let run = try scene.start("a,b", workers: 1)
            try scene.log.wait(for: "epoch_finished", from: run)
            run.send(signal)
            let finished = try Program.finish(run)
            #expect(scene.bench.leftovers() == [])
            guard signal != SIGKILL else { return }
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try scene.log.has("run_stopped") && !scene.log.has("worker_lost"), "\(scene.log.text)")
        }

        /// ssh hears Ctrl-C as all processes of a terminal do, and SIGTERM as all of a job: it stays until
        /// the coordinator has stopped at a step boundary.
        @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func signalsToAll(signal: Int32) throws {
            let scene = try Scene(DigitsJob(microbatches: 8, steps: 100_000, epochs: 100_000))
            let run = try scene.start("a,b", workers: 0)
            try scene.log.wait(for: "epoch_finished", from: run)
            for child in try Processes.children(of: run.processID) { kill(child, signal) }
            run.send(signal)
            let finished = try Program.finish(run)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(try scene.log.has("run_stopped") && !scene.log.has("worker_lost"), "\(scene.log.text)")
            #expect(scene.bench.leftovers() == [])
        }

        @Test func ensembles() throws {
            let scene = try Scene()
            let member = ["--set", "ensemble=2", "--set", "max_steps=12"]
            let finished = try scene.run("a,b", workers: 0, member)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            let alone = try scene.bench.run("alone", workers: 1, member)
            let hashes = { (output: String) in
                output.split(separator: "\n").filter { $0.contains("state_sha256") }.map(String.init)
            }
            #expect(hashes(finished.output) == hashes(alone.output) && hashes(alone.output).count >= 2)
            #expect(scene.bench.leftovers() == [])
        }

        /// A mistake is told before anything is started.
        @Test(
            arguments: [
                (["--hosts", "a,-oProxyCommand=id"], "no name begins with a dash"),
                (["--hosts", "a,a"], "names a twice"), (["--hosts", ""], "is no host"),
                (["--workers", "0"], "--workers must be a whole number from 1"),
                (["--advertise", "a"], "--advertise is for the workers of --hosts"),
            ])
        func mistakes(arguments: [String], words: String) throws {
            let bench = try Bench(Self.job)
            let finished = try Program.run(["run", bench.config] + arguments, in: bench.path)
            #expect(finished.status == .exited(64) && finished.errors.contains(words), "\(finished.errors)")
        }
    }
}
