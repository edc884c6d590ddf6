import Cluster
import System
import TestSupport
import Testing
import Transport

/// Token files: read with care for who else may read them, and written for their owner alone.
@Suite struct TokenStoreTests {
    private let directory: TemporaryDirectory
    private let token = SharedToken.random()

    init() throws { directory = try TemporaryDirectory() }

    private func file(_ text: String, mode: UInt32 = 0o600) throws -> String {
        let path = directory.file("token")
        try File.writeAtomically(text, to: path, mode: mode)
        try directory.setMode("token", mode)  // whatever the umask takes away
        return path
    }

    @Test func everyReaderTakesTheSameFile() throws {
        for text in [token.hex, token.hex + "\n", "  \(token.hex.prefix(32)) \n\(token.hex.dropFirst(32))\n"]
        {
            let path = try file(text)
            #expect(try TokenStore.forCoordinator(file: path)?.hex == token.hex)
            #expect(try TokenStore.forWorker(file: path).token.hex == token.hex)
            #expect(try TokenStore.existing(file: path).hex == token.hex)
        }
    }

    @Test(arguments: ["", "secret", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func filesWithoutAToken(text: String) throws {
        let path = try file(text)
        let error = #expect(throws: TokenError.self) { try TokenStore.forWorker(file: path) }
        #expect(
            error?.description.contains("`\(path)` does not hold a token (64 hexadecimal digits)") == true)
        if !text.isEmpty { #expect(error?.description.contains(text) == false, "an error shows no secret") }
    }

    /// A process that waits takes the token that another one makes meanwhile; it is told of the wait once.
    @Test func aTokenThatIsMadeMeanwhile() throws {
        let path = directory.file("token")
        var told: [String] = []
        let found = try TokenStore.forWorker(file: path, waiting: 60) { file in
            told.append(file)
            _ = try? self.file(token.hex)
        }
        #expect(found.token.hex == token.hex && found.origin == .file(path))
        #expect(told == [path])
        #expect(try TokenStore.forWorker(file: path, waiting: 60) { told.append($0) }.token.hex == token.hex)
        #expect(told.count == 1, "there is nothing to wait for")
    }

    @Test func aTokenThatIsNotMade() throws {
        let path = directory.file("missing")
        #expect(throws: SystemError.self) { try TokenStore.forWorker(file: path, waiting: 0.05) { _ in } }
    }

    /// Several processes that find no token at the same time end up with one.
    @Test func oneTokenIsMade() async throws {
        let path = directory.path
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 {
                group.addTask { try await onThread { try TokenStore.kept(inRun: path).hex } }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(tokens.count == 1)
        #expect(try Directory.list(directory.path) == ["token"], "no draft is left")
    }

    /// A file that others may read is refused, with the command that mends it.
    @Test(arguments: [0o640, 0o604, 0o666, 0o610]) func filesOfOthers(mode: UInt32) throws {
        let path = try file(token.hex, mode: mode)
        let error = #expect(throws: TokenError.self) { try TokenStore.existing(file: path) }
        #expect(error?.description.contains("mode \(String(mode, radix: 8))") == true)
        #expect(error?.description.contains("chmod 600 \(path)") == true)
    }

    /// The owner and the mount decide, where the mode is not for this user to choose.
    @Test(arguments: [
        // mode, owner, read-only mount, path, read as it is
        (0o600, UInt32(7), false, "/home/me/token", true),
        (0o400, 7, false, "/home/me/token", true),
        (0o644, 7, false, "/home/me/token", false),
        (0o640, 7, false, "/home/me/token", false),
        (0o604, 7, false, "/srv/run/secrets/token", false),
        (0o444, 7, true, "/etc/secret/token", true),
        (0o440, 0, false, "/etc/secret/token", true),
        (0o644, 0, false, "/home/me/token", true),
        (0o444, 7, false, "/run/secrets/token", true),
        (0o644, 7, false, "/run/secrets/app/..data/token", true),
        (0o644, 7, false, "/run/secrets-of-mine/token", false),
        (0o440, 7, false, "/run/credentials/train.service/token", true),
        (0o440, 7, false, "/run/credentials/other.service/token", false),
    ])
    func whoseFileIsReadAsItIs(
        mode: UInt32, owner: UInt32, isReadOnly: Bool, path: String, isRead: Bool
    ) {
        let file = FileOwnership(
            permissions: mode, owner: owner, user: 7, isOnReadOnlyMount: isReadOnly, path: path)
        let secrets = ["/run/secrets", "/run/credentials/train.service"]
        #expect(file.isFitForSecret(in: secrets) == isRead)
    }

    /// Where the surroundings put a token, in the order that counts.
    @Test(
        arguments: [
            (["DIST_TRAIN_TOKEN_FILE": "/a", "CREDENTIALS_DIRECTORY": "/c"], "/a"),
            (["DIST_TRAIN_TOKEN_FILE": "a"], "a"),
            (["DIST_TRAIN_TOKEN_FILE": "", "CREDENTIALS_DIRECTORY": "/c"], "/c/dist-train-token"),
            (["CREDENTIALS_DIRECTORY": "/empty"], "/run/secrets/dist-train-token"),
            (["CREDENTIALS_DIRECTORY": "c"], "/run/secrets/dist-train-token"),
            ([:], "/run/secrets/dist-train-token"),
        ] as [([String: String], String)])
    func secretsOfTheSurroundings(variables: [String: String], path: String) {
        #expect(TokenStore.secretPath({ variables[$0] }, exists: { !$0.hasPrefix("/empty/") }) == path)
        let isNamed = variables["DIST_TRAIN_TOKEN_FILE"]?.isEmpty == false
        let found = TokenStore.secretPath({ variables[$0] }, exists: { _ in false })
        #expect(found == (isNamed ? path : nil), "a file that is named must be there; the others may be")
    }

    /// The refusal names what to do where `chmod` is impossible.
    @Test func otherWaysAreNamed() throws {
        let path = try file(token.hex, mode: 0o644)
        let error = #expect(throws: TokenError.self) { try TokenStore.existing(file: path) }
        for way in ["/run/secrets", "$CREDENTIALS_DIRECTORY", "DIST_TRAIN_TOKEN", "--token-file -"] {
            #expect(error?.description.contains(way) == true, "\(way)")
        }
    }

    /// Without a home directory the token is in the run directory, where a resumed run finds it again.
    @Test func aTokenInTheRunDirectory() throws {
        let first = try TokenStore.kept(inRun: directory.path)
        #expect(try File.permissions(TokenStore.runTokenPath(directory.path)) == 0o600)
        #expect(try TokenStore.kept(inRun: directory.path).hex == first.hex)
        // An engine has opened the volume to a group, and the directory was closed again.
        try directory.setMode("token", 0o660)
        #expect(try TokenStore.kept(inRun: directory.path).hex == first.hex)
        #expect(try File.permissions(TokenStore.runTokenPath(directory.path)) == 0o600)
    }

    @Test func missingFile() {
        #expect(throws: SystemError.self) { try TokenStore.forCoordinator(file: directory.file("none")) }
    }

    @Test func rotation() throws {
        let path = directory.file("new/token")
        #expect(try TokenStore.rotate(file: path) == path)
        let first = try TokenStore.existing(file: path)
        #expect(try File.permissions(path) == 0o600)
        _ = try TokenStore.rotate(file: path)
        #expect(try TokenStore.existing(file: path).hex != first.hex)
    }
}
