import Checkpoints
import Platform
import System
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func message(_ body: () throws -> RunDirectory) -> String {
        do {
            _ = try body()
            return "no error"
        } catch {
            return "\(error)".replacing(directory.path + "/", with: "")
        }
    }

    @Test func aRunIsMadeRefusedAndResumed() throws {
        let path = directory.file("runs/a")
        #expect(
            message { try RunDirectory.resume(path) }
                == "`runs/a` is no run directory: it has no job.json5; give the directory of an earlier run,"
                + " or leave out --resume to start a new one"
        )
        do {
            let run = try RunDirectory.create(path)
            try File.writeAtomically("{}", to: run.jobPath)
            #expect(try run.nextIncarnation() == 1)
            let busy = message { try RunDirectory.resume(path) }
            #expect(busy.hasPrefix("another coordinator (process "))
            #expect(message { try RunDirectory.create(path) } == busy)
            #expect(run.metricsPath == path + "/metrics.jsonl")
        }
        #expect(
            message { try RunDirectory.create(path) }
                == "`runs/a` exists already; add --resume to go on with that run, or choose another --run-dir"
        )
        try Directory.create(Path.join(path, "checkpoints/step-00000001.tmp-3"))
        let run = try RunDirectory.resume(path)
        #expect(try run.nextIncarnation() == 2)
        #expect(try Directory.list(run.checkpoints.directory).isEmpty)
        try File.writeAtomically("many\n", to: Path.join(path, "incarnation"))
        #expect(throws: CheckpointError.self) { try run.nextIncarnation() }
    }

    @Test func anEmptyDirectoryWillDoAndAFullOneIsLeftAlone() throws {
        let empty = directory.file("empty")
        try Directory.create(empty, mode: 0o700)
        _ = try RunDirectory.create(empty)  // and one whose run died before it had a job
        _ = try RunDirectory.create(empty).nextIncarnation()
        _ = try RunDirectory.create(empty)
        // It was killed while it wrote the job.
        for name in ["job.json5.tmp-4711-1", "incarnation.tmp-4711-1"] {
            try File.writeAtomically("{", to: Path.join(empty, name))
        }
        _ = try RunDirectory.create(empty)
        #expect(try Directory.list(empty) == ["incarnation", "lock"])
        let home = directory.file("home")
        try Directory.create(home)
        try File.writeAtomically("mine", to: Path.join(home, "letter"))
        #expect(message { try RunDirectory.create(home) }.hasPrefix("`home` exists already;"))
        #expect(try Directory.list(home) == ["letter"])
    }

    @Test func aRunIsForItsUserAlone() throws {
        let path = directory.file("runs/a")
        do { try File.writeAtomically("{}", to: try RunDirectory.create(path).jobPath) }
        #expect(try File.permissions(path) == 0o700)
        #expect(try File.permissions(directory.file("runs"))! & 0o700 == 0o700)
        for mode: UInt32 in [0o750, 0o701, 0o755] {
            try directory.setMode("runs/a", mode)
            #expect(
                message { try RunDirectory.resume(path) }
                    == "other users of this machine have access to `runs/a` (mode \(String(mode, radix: 8)));"
                    + " take it from them with:  chmod 700 runs/a"
            )
        }
        let empty = directory.file("empty")
        try Directory.create(empty)
        try directory.setMode("empty", 0o755)
        _ = try RunDirectory.create(empty)
        #expect(try File.permissions(empty) == 0o700)
        try directory.setMode("runs/a", 0o700)
        _ = try RunDirectory.resume(path)
    }

    /// Volumes and `mkdir` make directories that are open to others. An empty one of this user is closed;
    /// one of another owner cannot be, and the way out is named.
    @Test(arguments: [0o700, 0o755, 0o750, 0o770, 0o777, 0o2770, 0o1777, 0o711])
    func emptyDirectoriesAreTightened(mode: UInt32) throws {
        try Directory.create(directory.file("volume"))
        try directory.setMode("volume", mode)
        let run = try RunDirectory.create(directory.file("volume"))
        #expect(try File.permissions(run.path) == 0o700)
    }

    @Test(.enabled(if: geteuid() == 0, "another owner needs root"))
    func directoriesOfAnotherOwner() throws {
        try Directory.create(directory.file("volume"))
        try directory.setMode("volume", 0o2770)
        #expect(chown(directory.file("volume"), 12_345, 0) == 0)
        let refusal = message { try RunDirectory.create(directory.file("volume")) }
        #expect(refusal.contains("(mode 770)") && refusal.hasSuffix("(--run-dir volume/run)"), "\(refusal)")
        #expect(!refusal.contains("chmod"))
        let inside = try RunDirectory.create(directory.file("volume/run"))
        #expect(try File.permissions(inside.path) == 0o700)
    }

    /// Kubernetes opens everything on a volume to the group of the pod, whenever it mounts the volume
    /// (`fsGroup`).
    @Test(arguments: [UInt32(0o2770), 0o2750]) func directoriesThatAnEngineOpens(mode: UInt32) throws {
        let path = directory.file("run")
        _ = try RunDirectory.create(path)
        try directory.setMode("run", mode)
        try File.writeAtomically("{}", to: RunDirectory.create(path).jobPath)
        #expect(try File.permissions(path) == 0o700, "a start that was killed before it had a job")
        try directory.setMode("run", mode)
        _ = try RunDirectory.resume(path)
        #expect(try File.permissions(path) == 0o700)
        try directory.setMode("run", mode | 0o005)
        #expect(message { try RunDirectory.resume(path) }.contains("other users of this machine have access"))
    }

    @Test func theNewestRunOfANameIsFound() throws {
        let runs = directory.file("runs")
        #expect(try RunDirectory.newestRun(named: "mnist", in: runs) == nil)
        for name in [
            "mnist-20261121-034500", "mnist-20261121-034500-2", "mnist-20261121-034500-10",
            "mnist-20261120-235959",
            "mnist-cnn-20271121-034500", "mnist-20991121-034500",
        ] {
            try Directory.create(Path.join(runs, name))
            if !name.contains("2099") {
                try File.writeAtomically("{}", to: Path.join(runs, name + "/job.json5"))
            }
        }
        #expect(
            try RunDirectory.newestRun(named: "mnist", in: runs)
                == Path.join(runs, "mnist-20261121-034500-10"))
        #expect(
            try RunDirectory.newestRun(named: "mnist-cnn", in: runs)
                == Path.join(runs, "mnist-cnn-20271121-034500"))
        #expect(
            RunDirectory.newPath(named: "mnist", in: runs, stamp: "20261121-034500")
                == Path.join(runs, "mnist-20261121-034500-3"))
        #expect(
            RunDirectory.lastingPath(named: "mnist", rendezvous: "slurm-12", in: runs)
                == Path.join(runs, "mnist-slurm-12"))
        #expect(RunDirectory.lastingPath(named: "a/b", rendezvous: nil, in: runs) == Path.join(runs, "a-b"))
        #expect(RunDirectory.newPath(named: "../x y", in: runs, stamp: "1") == Path.join(runs, "run..-x-y-1"))
    }
}
