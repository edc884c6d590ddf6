import Cluster
import Platform
import System
import TestSupport
import Testing
import Transport

/// The conversation with a host, whose part a script named `ssh` plays: it runs the command in a home of its
/// own, as sshd would, and notes its arguments.
@Suite(.serialized) struct RemoteWorkerTests {
    private let directory: TemporaryDirectory
    private let token = SharedToken.random()
    /// A program that plays a worker: it notes what it is told, and that its lifeline has ended.
    private let worker = """
        #!/bin/sh
        case $1 in
        --version) echo "dist-train 9.9.9" ;;
        worker)
            read -r token
            echo "$@" >"$HOME/arguments"
            echo "$token" >"$HOME/token"
            cat >/dev/null
            echo "its end" >&2
            echo gone >"$HOME/gone"
            exit 3 ;;
        esac

        """

    init() throws {
        Signals.ignoreHarmless()  // as the program does: ssh may end while something is written to it
        directory = try TemporaryDirectory()
        try directory.write("worker", worker, mode: 0o700)
        try directory.write(
            "ssh",
            """
            #!/bin/sh
            printf '%s\\n' "$@" >'\(directory.path)/ssh-arguments'
            while [ "$1" != -- ]; do shift; done
            case $2 in
            unknown) echo "Host key verification failed." >&2; exit 255 ;;
            silent) exec sleep 100 ;;
            esac
            echo "a greeting of the shell's startup files"
            home='\(directory.path)'/home
            mkdir -p "$home/bin"
            exec env -i HOME="$home" PATH="$home/bin:$PATH" SSH_CONNECTION="192.0.2.7 40000 192.0.2.8 22" \\
                "$(cat '\(directory.path)/shell')" -c "$3"

            """, mode: 0o700)
    }

    private func program(isSelfContained: Bool = true, platform: String = RemoteProgram.platform) throws
        -> RemoteProgram
    {
        try RemoteProgram(
            version: "9.9.9", path: directory.file("worker"), isSelfContained: isSelfContained,
            platform: platform)
    }

    private func start(
        _ program: RemoteProgram, host: String = "bob@a:2222", address: String? = nil,
        options: [String] = ["--lanes", "2"], shell: String = "sh"
    ) throws -> any WorkerProcess {
        let host = try #require(RemoteHost.list(host).first)
        try directory.write("shell", shell)
        return try Reaped(
            RemotePlace(
                host, program: program, address: address, port: 7070, options: options, token: token,
                ssh: directory.file("ssh")
            ).start())
    }

    private func text(_ name: String) -> String {
        (try? File.readText(directory.file("home/" + name), limit: 1 << 20)) ?? ""
    }

    /// Waits until the worker runs or has failed, and has noted its token.
    private func settle(_ process: any WorkerProcess, seconds: Double = 120) -> WorkerCourse {
        let deadline = Clock.monotonicSeconds() + seconds
        while Clock.monotonicSeconds() < deadline {
            switch process.course {
            case .running where text("token").isEmpty, .starting: Clock.sleep(seconds: 0.01)
            default: return process.course
            }
        }
        return process.course
    }

    private func failure(_ process: any WorkerProcess) -> String {
        if case .failed(let reason) = settle(process) { reason } else { "it runs" }
    }

    private func copy(of program: RemoteProgram) -> String {
        directory.file("home/.cache/dist-train/bin/\(program.build)/dist-train")
    }

    private func mode(of path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt32(status.st_mode) & 0o7777 : nil
    }

    private func wait(for name: String) -> Bool {
        let deadline = Clock.monotonicSeconds() + 120
        while text(name).isEmpty, Clock.monotonicSeconds() < deadline { Clock.sleep(seconds: 0.01) }
        return !text(name).isEmpty
    }

    @Test func aMissingProgramIsCopiedOnce() async throws {
        try await onThread {
            let program = try program()
            let first = try start(program)
            #expect(settle(first) == .running(copiedBytes: worker.utf8.count))
            #expect(try File.readText(copy(of: program), limit: 1 << 20) == worker)
            #expect(mode(of: copy(of: program)) == 0o700)
            #expect(text("arguments") == "worker --join 192.0.2.7:7070 --lanes 2\n")
            #expect(text("token") == token.hex + "\n")
            let arguments = try File.readText(directory.file("ssh-arguments"), limit: 1 << 20)
            #expect(arguments.contains("\n-l\nbob\n-p\n2222\n--\na\nexec /bin/sh -c "), "\(arguments)")
            #expect(arguments.contains("\nBatchMode=yes\n") && !arguments.contains(token.hex))
            _ = first.finish(until: 0, isHurried: true)
            #expect(wait(for: "gone"), "the worker's lifeline ends with ssh")
            unlink(directory.file("home/token"))
            #expect(try settle(start(program)) == .running(copiedBytes: nil))
            #expect(
                try Directory.list(directory.file("home/.cache/dist-train/bin")) == [program.build])
            #expect(try Directory.list(Path.directory(of: copy(of: program))) == ["dist-train"])
        }
    }

    /// Another build of the same version stays as it is, and gets a neighbour.
    @Test func buildsStandBesideEachOther() async throws {
        try await onThread {
            let old = try program()
            #expect(try settle(start(old)) == .running(copiedBytes: worker.utf8.count))
            let other = worker + "# another build\n"
            try directory.write("worker", other, mode: 0o700)
            unlink(directory.file("home/token"))
            let new = try program()
            #expect(try settle(start(new)) == .running(copiedBytes: other.utf8.count))
            #expect(try File.readText(copy(of: old), limit: 1 << 20) == worker)
            #expect(try File.readText(copy(of: new), limit: 1 << 20) == other)
        }
    }

    /// A program in PATH is used if it is this build; of this version alone if none can be copied.
    @Test func installedPrograms() async throws {
        try await onThread {
            let path = "home/bin/dist-train"
            try Directory.createNew(directory.file("home"), mode: 0o700)
            try Directory.createNew(directory.file("home/bin"), mode: 0o700)
            try directory.write(path, worker, mode: 0o700)
            #expect(try settle(start(program())) == .running(copiedBytes: nil))
            try directory.write(path, worker + "# another build\n", mode: 0o700)
            unlink(directory.file("home/token"))
            #expect(try settle(start(program(isSelfContained: false))) == .running(copiedBytes: nil))
            #expect(!File.exists(directory.file("home/.cache")))
            unlink(directory.file("home/token"))
            #expect(try settle(start(program())) == .running(copiedBytes: worker.utf8.count))
            try directory.write(path, "#!/bin/sh\necho dist-train 0.1.0\n", mode: 0o700)
            try Directory.remove(directory.file("home/.cache"))
            #expect(
                try failure(start(program(isSelfContained: false))).hasPrefix(
                    "it has no dist-train 9.9.9 in its PATH, and the program that runs here cannot be copied:"
                        + " run the one file that `deploy/package` makes"))
        }
    }

    @Test func otherPlatforms() async throws {
        try await onThread {
            let reason = try failure(start(program(platform: "Linux riscv64")))
            #expect(reason.hasPrefix("it is \(RemoteProgram.platform), and"), "\(reason)")
            #expect(reason.contains("is for Linux riscv64"), "\(reason)")
            #expect(
                try Directory.list(directory.file("home/.cache/dist-train/bin")).allSatisfy {
                    try Directory.list(directory.file("home/.cache/dist-train/bin/\($0)")).isEmpty
                }, "no part of a copy stays")
        }
    }

    @Test func aProgramThatDoesNotRunThere() async throws {
        try await onThread {
            try directory.write("worker", "#!/bin/sh\necho no such library >&2; exit 127\n", mode: 0o700)
            let reason = try failure(start(program()))
            #expect(reason.contains("does not run there (status 127, no such library)"), "\(reason)")
            #expect(reason.contains("noexec"), "\(reason)")
        }
    }

    @Test func aPlaceThatCannotBeWritten() async throws {
        try await onThread {
            try Directory.createNew(directory.file("home"), mode: 0o700)
            try directory.write("home/.cache", "a file")
            let reason = try failure(start(program()))
            #expect(reason.contains("cannot be copied to") && reason.contains("mkdir"), "\(reason)")
        }
    }

    @Test func ssh() async throws {
        try await onThread {
            #expect(try failure(start(program(), host: "unknown")).hasPrefix("its host key is not known"))
            let silent = try start(program(), host: "silent")
            #expect(silent.course == .starting)
            #expect(
                silent.finish(until: Clock.monotonicSeconds() + 60, isHurried: false) == nil,
                "nobody waits for it")
            let none = try Reaped(
                RemotePlace(
                    try #require(RemoteHost.list("a").first), program: program(), address: nil, port: 1,
                    options: [], token: token, ssh: directory.file("none")
                ).start())
            #expect(failure(none).contains("ssh ended with status 127"))
        }
    }

    /// The shell of an account takes the command as any other does.
    @Test(arguments: ["sh", "bash", "dash", "zsh", "fish", "tcsh", "ksh"])
    func loginShells(name: String) async throws {
        let folders = (Environment.value("PATH") ?? "").split(separator: ":")
        guard folders.contains(where: { File.exists("\($0)/\(name)") }) else { return }
        try await onThread {
            let process = try start(program(), address: "fd00::7", shell: name)
            #expect(settle(process) == .running(copiedBytes: worker.utf8.count))
            #expect(text("arguments") == "worker --join [fd00::7]:7070 --lanes 2\n")
        }
    }
}

/// A worker that is ended, and asked how it ended, when nobody holds it any more. Tests that watch other
/// processes wait for every child of this one: one that nobody asks for would keep them busy for ever.
private final class Reaped: WorkerProcess {
    private let process: any WorkerProcess

    init(_ process: any WorkerProcess) { self.process = process }

    deinit { _ = process.finish(until: 0, isHurried: true) }

    var processID: Int32 { process.processID }
    var course: WorkerCourse { process.course }
    var lastWords: String { process.lastWords }
    func finish(until deadline: Double, isHurried: Bool) -> System.ExitStatus? {
        process.finish(until: deadline, isHurried: isHurried)
    }
}
