import Platform
import System
import TestSupport
import Testing

/// Disks that are full or read-only: the error names the file, nothing crashes, and earlier checkpoints stay
/// whole.
@Suite(.serialized, .enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
struct BadInputDiskTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ directory: String, epochs: Int = 1, _ more: String...) throws -> Program.Finished {
        try Program.run(
            ["run", Repository.digits, "--run-dir", directory, "--set", "epochs=\(epochs)"] + more,
            in: home.path, seconds: 60)
    }

    @Test func aReadOnlyDirectory() throws {
        let disk = try SmallFileSystem(bytes: 16 << 20)
        let directory = Path.join(disk.path, "run")
        try run(directory).expect(status: 0)
        try disk.makeReadOnly()
        try run(directory, epochs: 2, "--resume").expect(
            status: 1, "error: cannot ", "`\(directory)/", "the file system is read-only",
            "choose a directory on a writable file system")
        let other = Path.join(disk.path, "other")
        try run(other).expect(status: 1, "`\(other)`", "the file system is read-only")
        try Program.run(["checkpoint", "verify", directory], in: home.path).expect(status: 0)
        #expect(try Program.run(["checkpoint", "hash", directory], in: home.path).output.utf8.count == 65)
        try disk.makeWritable()
        try run(directory, epochs: 2, "--resume").expect(status: 0)
    }

    /// With so many pages left the start fails at one file after the other. "Free some space, then try again"
    /// is then true.
    @Test(arguments: 0...3)
    func aDiskThatIsFullAtTheStart(pages: Int) throws {
        let page = Int(getpagesize())
        let disk = try SmallFileSystem(bytes: 16 * page)
        try File.writeAtomically(
            [UInt8](repeating: 1, count: (16 - pages) * page), to: Path.join(disk.path, "filler"))
        let directory = Path.join(disk.path, "run")
        let end = try run(directory)
        end.expect(
            status: 1, "error: ", "`\(directory)/", "no space left on the device", "free some space there")
        try disk.resize(bytes: 16 << 20)
        let hasBegun = File.exists(Path.join(directory, "job.json5"))
        if hasBegun {
            end.expect(status: 1, "there is no checkpoint yet; start again with:  dist-train run", "--resume")
            try run(directory, epochs: 1, "--resume").expect(status: 0)
        } else {
            try run(directory).expect(status: 0)
        }
    }

    /// A checkpoint is about 210 KB: one fits, the second does not.
    @Test func aDiskThatFillsUp() throws {
        let disk = try SmallFileSystem(bytes: 400 << 10)
        let directory = Path.join(disk.path, "run")
        try run(directory).expect(status: 0)
        let end = try run(directory, epochs: 2, "--resume")
        end.expect(
            status: 1,
            "error: the checkpoint of step 24 could not be written: "
                + "cannot write `\(directory)/checkpoints/step-00000024.tmp-",
            "no space left on the device; free some space there", "The checkpoints before it are intact",
            "resume with:  dist-train run")
        #expect(end.output.isEmpty, "no result")
        let verified = try Program.run(["checkpoint", "verify", directory], in: home.path)
        verified.expect(status: 0)
        #expect(verified.output.holds("step-00000012: whole"), "\(verified.output)")
        // With room the printed way on works, and gives what a run without trouble gives.
        try disk.resize(bytes: 16 << 20)
        let resumed = try run(directory, epochs: 2, "--resume", "--json")
        resumed.expect(status: 0)
        #expect(try EventLog(run: directory).events("run_resumed").last?.integer("step") == 12)
        let quiet = try run(home.file("quiet"), epochs: 2, "--json")
        #expect(field("state_sha256", in: resumed.output) == field("state_sha256", in: quiet.output))
    }
}
