import System
import TestSupport
import Testing

/// `deploy/install --prefix DIR`, with a program that is built already.
@Suite struct InstallTests {
    private func install(_ arguments: [String], in directory: TemporaryDirectory) throws -> Program.Finished {
        let process = try ChildProcess(
            ProjectFiles.path("deploy/install"), arguments, environment: Program.environment(directory.path),
            standardOutput: .capture, standardError: .capture)
        return try Program.finish(process)
    }

    @Test func everythingIsInItsUsualPlace() throws {
        let directory = try TemporaryDirectory()
        let prefix = directory.file("local")
        let finished = try install(["--prefix", prefix, "--program", Program.path], in: directory)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        #expect(finished.output.contains("export PATH=\(prefix)/bin:$PATH"))
        for file in [
            "bin/dist-train", "share/bash-completion/completions/dist-train",
            "share/zsh/site-functions/_dist-train", "share/fish/vendor_completions.d/dist-train.fish",
            "share/man/man1/dist-train.1", "share/man/man1/dist-train-run.1",
            "share/man/man1/dist-train-bench-step.1",
        ] {
            #expect(File.exists(Path.join(prefix, file)), "\(file)")
        }
        let installed = try ChildProcess(
            Path.join(prefix, "bin/dist-train"), ["completion", "man", "bench", "step"],
            environment: Program.environment(directory.path), standardOutput: .capture)
        #expect(installed.wait(seconds: 30)?.isSuccess == true)
        let page = Path.join(prefix, "share/man/man1/dist-train-bench-step.1")
        #expect(try installed.standardOutput() == File.readText(page, limit: 1 << 20))
        // A second time replaces what is there.
        #expect(
            try install(["--prefix", prefix, "--program", Program.path], in: directory).status == .exited(0))
    }

    #if os(Linux)
        /// Without `--program` it takes what `deploy/package` makes, and leaves nothing else behind.
        @Test func withoutAProgramOneIsMade() throws {
            let directory = try TemporaryDirectory()
            try Directory.create(directory.file("deploy"))
            let script = try File.readText(ProjectFiles.path("deploy/install"), limit: 1 << 20)
            try directory.write("deploy/install", script, mode: 0o700)
            try directory.write(
                "deploy/package", "#!/bin/bash\ncp \(Program.path) \"$1\"; echo $1 >> made\n", mode: 0o700)
            let process = try ChildProcess(
                directory.file("deploy/install"), ["--prefix", directory.file("local")],
                environment: Program.environment(directory.path), standardOutput: .capture,
                standardError: .capture)
            let finished = try Program.finish(process)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(File.exists(directory.file("local/bin/dist-train")))
            let made = try File.readText(directory.file("made"), limit: 1 << 10).filter { $0 != "\n" }
            #expect(!File.exists(Path.directory(of: made)), "\(made)")
        }
    #endif

    @Test(
        arguments: [
            (["--prefix"], "--prefix needs a value"), (["--program", "x"], "--program needs --prefix DIR"),
            (["/usr"], "takes --prefix DIR and --program FILE, found `/usr`"),
        ] as [([String], String)])
    func mistakes(arguments: [String], message: String) throws {
        let finished = try install(arguments, in: TemporaryDirectory())
        #expect(finished.status == .exited(64) && finished.errors == "deploy/install: \(message)\n")
    }
}
