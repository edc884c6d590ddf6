import System
import TestSupport
import Testing
import Transport

/// TLS and --plaintext as real processes have them: whoever does not fit is refused, by a sentence on each
/// side.
@Suite(.serialized) struct SecurityTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func coordinator(_ more: String..., run: String = "run") throws -> ChildProcess {
        let arguments =
            ["coordinator", Repository.digits, "--listen", "127.0.0.1:0", "--run-dir", home.file(run)] + more
        return try Program.start(arguments, in: home.path, [Tokens.variable: Tokens.ours])
    }

    private func events(run: String = "run") -> EventLog { EventLog(run: home.file(run)) }

    private func worker(_ port: UInt16, _ more: String...) throws -> ChildProcess {
        let arguments =
            ["worker", "--join", "127.0.0.1:\(port)", "--listen", "127.0.0.1:0", "--lanes", "1"] + more
        return try Program.start(arguments, in: home.path, [Tokens.variable: Tokens.ours])
    }

    // MARK: --plaintext

    @Test func theSidesMustAgree() throws {
        let advice = "start both sides without --plaintext, or both with it if you trust the network"
        for isPlaintext in [false, true] {
            let coordinator = try isPlaintext ? coordinator("--plaintext", run: "plain") : coordinator()
            defer { coordinator.terminate() }
            let port = try coordinator.listeningPort()
            let place = "127.0.0.1:\(port)"
            let (theirs, ours) = (
                "was started with --plaintext, this side uses TLS",
                "uses TLS, this side was started with --plaintext"
            )
            let refused = try Program.finish(
                isPlaintext ? worker(port) : worker(port, "--plaintext"), seconds: 20)
            refused.expect(status: 1, "error: \(place) \(isPlaintext ? theirs : ours); \(advice)")
            let log = events(run: isPlaintext ? "plain" : "run")
            let rejected = try log.wait(for: "connection_rejected", from: coordinator)
            #expect(rejected.isBecause("\(isPlaintext ? ours : theirs); \(advice)"), "\(rejected)")
            #expect(try log.has("encryption_off") == isPlaintext)
            #expect(refused.errors.holds("nothing that goes over the network is encrypted") == !isPlaintext)
            try Program.finish(isPlaintext ? worker(port, "--plaintext") : worker(port)).expect(status: 0)
            try Program.finish(coordinator).expect(status: 0)
        }
    }

    @Test func theCommandToJoinSaysPlaintext() throws {
        let coordinator = try coordinator("--plaintext")
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        #expect(coordinator.standardError().holds("dist-train worker --join 127.0.0.1:\(port) --plaintext"))
        coordinator.send(15)
        try Program.finish(coordinator).expect(status: 0, "--plaintext")
    }

    @Test func aRunOfItsOwnInPlaintext() throws {
        let end = try Program.run(
            [
                "run", Repository.digits, "--workers", "2", "--plaintext", "--run-dir", home.file("run"),
                "--set", "epochs=2",
            ], in: home.path)
        end.expect(status: 0)
        #expect(try events().has("encryption_off"))
    }

    // MARK: Strangers who speak TLS

    static let openssl = (Environment.value("PATH") ?? "").split(separator: ":").map { "\($0)/openssl" }
        .first(where: File.exists)
    static let hasOpenSSL = openssl != nil

    /// OpenSSL's own client: another implementation of what the coordinator expects.
    private func client(_ port: UInt16, _ more: [String]) throws -> Program.Finished {
        let path = try #require(Self.openssl)
        let process = try ChildProcess(
            path, ["s_client", "-connect", "127.0.0.1:\(port)"] + more,
            environment: Program.environment(home.path),
            standardOutput: .capture, standardError: .capture)
        return try Program.finish(process, seconds: 30)
    }

    @Test(.enabled(if: hasOpenSSL, "there is no openssl in PATH")) func clientsOfOtherTLS() throws {
        let coordinator = try coordinator()
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        #expect(try client(port, ["-tls1_2"]).status != .exited(0))
        let log = events()
        try log.wait(for: "connection_rejected", from: coordinator) {
            $0.isBecause("could not agree on TLS (unsupported protocol); check the host and the port")
        }
        // TLS 1.3 without the key.
        #expect(try client(port, ["-tls1_3"]).status != .exited(0))
        let isTold = try eventually(within: 20) {
            try log.events("connection_rejected").count { $0.isBecause("could not agree on TLS (") } == 2
        }
        #expect(isTold, "\(coordinator.standardError())")
        // With another key.
        let wrong = String(repeating: "a7", count: 32)
        #expect(
            try client(port, ["-tls1_3", "-psk_identity", "dist-train", "-psk", wrong]).status != .exited(0))
        try log.wait(for: "connection_rejected", from: coordinator) {
            $0.isBecause("the token of 127.0.0.1:")
        }
        try Program.finish(worker(port)).expect(status: 0)
        try Program.finish(coordinator).expect(status: 0)
    }

    /// The right key, by the definition of HMAC: it opens TLS, with an exchange that keeps the past secret;
    /// but not the door behind it.
    @Test(.enabled(if: hasOpenSSL, "there is no openssl in PATH")) func theKeyIsWhatItIsSaidToBe() throws {
        let coordinator = try coordinator()
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let label = Array("dist-train TLS 1.3 external pre-shared key".utf8)
        let token = try #require(SharedToken(hex: Tokens.ours))
        let key = TextFormat.hex(token.authenticationCode([UInt8(label.count), 0] + label))
        let client = try client(port, ["-tls1_3", "-psk_identity", "dist-train", "-psk", key])
        for text in ["Reused, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256", "X25519"] {
            #expect(client.output.holds(text), "\(client.output)")
        }
        try events().wait(for: "connection_rejected", from: coordinator) {
            $0.isBecause("closed the connection before authentication ended")
        }
    }

    // MARK: Strangers who do not

    /// With TLS, and without: bytes of every kind, each with its line in the log; and the door stays open for
    /// workers.
    @Test(arguments: [false, true]) func strangers(isPlaintext: Bool) throws {
        let http = "does not speak dist-train's protocol, but HTTP"
        let other = "does not speak dist-train's protocol; check the host and the port"
        var visits: [(bytes: [UInt8], says: String)] = [
            (Array("GET / HTTP/1.1\r\nHost: here\r\n\r\n".utf8), http),
            (Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), other),
            ([UInt8](repeating: 0xff, count: 300), other), ([UInt8](repeating: 0, count: 300), other),
        ]
        if isPlaintext {
            // The place of a frame's length, and what stands behind it.
            let frame = FrameHeader(kind: FrameHeader.firstHandshakeKind)
            visits += [
                (
                    Lengths.frame(frame, [0, 0, 0, 0x80]),
                    "sent a frame of 2147483648 bytes, at most 4096 are allowed before authentication"
                ),
                (
                    Lengths.frame(frame, [UInt8](repeating: 0xff, count: 8)),
                    "sent a frame of 4294967295 bytes, at most 4096 are allowed before authentication"
                ),
            ]
        } else {
            visits += [
                (
                    [0x16, 3, 1, 0xff, 0xff, 1] + [UInt8](repeating: 7, count: 100),
                    "could not agree on TLS (packet length too long)"
                ),
                (
                    [0x16, 3, 1, 0x10, 0, 1, 0xff, 0xff, 0xff] + [UInt8](repeating: 7, count: 4093),
                    "could not agree on TLS (excessive message size)"
                ),
            ]
        }
        for (bytes, says) in visits {
            let run = randomHex(bytes: 4)
            let coordinator = try isPlaintext ? coordinator("--plaintext", run: run) : coordinator(run: run)
            defer { coordinator.terminate() }
            let stranger = try RawSocket.connected(to: coordinator.listeningPort())
            stranger.send(bytes)
            _ = stranger.receive()
            let rejected = try events(run: run).wait(for: "connection_rejected", from: coordinator)
            #expect(rejected.isBecause(says) && rejected.isBecause("127.0.0.1:"), "\(rejected)")
            #expect(coordinator.exitStatus() == nil)
        }
    }

    private enum Lengths {
        /// A frame's header with other bytes in the place of its length; its checksum is right.
        static func frame(_ header: FrameHeader, _ length: [UInt8]) -> [UInt8] {
            var bytes = header.encoded(payload: [])
            bytes.replaceSubrange(8..<8 + length.count, with: length)
            let checksum = bytes[..<40].withUnsafeBytes { CRC32C.checksum($0) }
            for index in 0..<4 {
                bytes[40 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index)))
            }
            return bytes
        }
    }

    /// Many at once, while others train: the same bits, a bounded number of descriptors, and few lines in the
    /// log.
    @Test func aCrowdAtTheDoor() throws {
        let quiet = try Program.run(
            ["run", Repository.digits, "--json", "--run-dir", home.file("quiet")], in: home.path)
        let coordinator = try coordinator("--json", "--min-workers", "2")
        defer { coordinator.terminate() }
        let port = try coordinator.listeningPort()
        let workers = [try worker(port)]
        defer { for worker in workers { worker.terminate() } }
        try events().wait(for: "worker_joined", from: coordinator)
        var crowd: [RawSocket] = []
        for number in 0..<400 {
            let socket = try RawSocket.connected(to: port)
            if number % 2 == 0 { crowd.append(socket) }  // the others hang up
        }
        let descriptors = try Directory.list("/proc/\(coordinator.processID)/fd").count
        #expect(descriptors < 256 + 60, "\(descriptors)")
        let second = try worker(port)
        let end = try Program.finish(coordinator)
        end.expect(status: 0)
        try Program.finish(second).expect(status: 0)
        #expect(
            field("state_sha256", in: end.output) == field("state_sha256", in: quiet.output)
                && !end.output.isEmpty)
        #expect(field("recoveries", in: end.output) == "0")
        #expect(try events().events("connection_rejected").count <= 6, "\(end.errors)")
        withExtendedLifetime(crowd) {}
    }

    // MARK: Files

    @Test func theRunDirectoryIsPrivate() throws {
        let run = ["run", Repository.digits, "--run-dir", home.file("run"), "--set"]
        try Program.run(run + ["epochs=1"], in: home.path).expect(status: 0)
        #expect(try File.permissions(home.file("run")) == 0o700)
        try home.setMode("run", 0o755)
        let again = run + ["epochs=2", "--resume"]
        try Program.run(again, in: home.path).expect(
            status: 1, "error: other users of this machine have access to `\(home.file("run"))` (mode 755)",
            "chmod 700 \(home.file("run"))"
        )
        try home.setMode("run", 0o700)
        try Program.run(again, in: home.path).expect(status: 0)
    }

    @Test func theTokenFileIsPrivate() throws {
        let file = try home.write("token", Tokens.ours + "\n", mode: 0o640)
        for command in [
            ["worker", "--join", "127.0.0.1:1"], ["coordinator", Repository.digits], ["token", "show"],
        ] {
            let end = try Program.run(command + ["--token-file", file], in: home.path, seconds: 30)
            end.expect(
                status: 1, "access to the token in `\(file)` (mode 640)", "`chmod 600 \(file)`",
                "`dist-train token rotate`")
            #expect(!end.errors.holds(Tokens.ours) && end.output.isEmpty)
        }
    }

    @Test func theTokensCommands() throws {
        let file = home.file(".config/dist-train/token")
        try Program.run(["token", "show"], in: home.path).expect(
            status: 1, "there is no token yet in `\(file)`", "`dist-train token rotate`")
        let made = try Program.run(["token", "rotate"], in: home.path)
        made.expect(status: 0)
        #expect(made.output.holds("a new token is in \(file)") && made.output.holds("--resume"))
        #expect(try File.permissions(file) == 0o600)
        let first = try Program.run(["token", "show"], in: home.path).output
        #expect(
            try File.readText(file, limit: 100) == first && SharedToken(hex: first) != nil
                && first.utf8.count == 65)
        try Program.run(["token", "rotate"], in: home.path).expect(status: 0)
        let second = try Program.run(["token", "show"], in: home.path).output
        #expect(SharedToken(hex: second) != nil && second != first)
        let elsewhere = home.file("other")
        try Program.run(["token", "rotate", "--token-file", elsewhere], in: home.path).expect(status: 0)
        let third = try Program.run(["token", "show", "--token-file", elsewhere], in: home.path).output
        #expect(SharedToken(hex: third) != nil && third != second)
        #expect(try Program.run(["token", "show"], in: home.path).output == second)
        let named = try Program.run(["token", "rotate"], in: home.path, [Tokens.variable: Tokens.ours])
        #expect(named.output.holds("DIST_TRAIN_TOKEN is set here"))
        for command in ["show", "rotate"] {
            let help = try Program.run(["token", command, "--help"], in: home.path).output
            #expect(
                help.holds("usage: dist-train token \(command)")
                    && help.holds("example:\n  dist-train token \(command)"))
            try Program.run(["token", command, "x"], in: home.path).expect(status: 64, "takes options only")
        }
        try Program.run(["token"], in: home.path).expect(status: 64, "token show, token rotate")
    }
}
