import Platform
import System
import Transport

/// A missing or malformed token. The description says how to give one.
package struct TokenError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// A worker's token, and where it has come from.
package struct WorkerToken: Sendable {
    package enum Origin: Equatable, Sendable {
        /// An option, a variable, or the process that started this one.
        case given
        case file(String)
        /// The terminal. It is stored once a coordinator has accepted it.
        case typed
    }

    package let token: SharedToken
    package let origin: Origin

    package init(token: SharedToken, origin: Origin) {
        self.token = token
        self.origin = origin
    }

    /// The file that holds it; nil if it has come in another way.
    var file: String? { if case .file(let path) = origin { path } else { nil } }
}

/// Finds the shared token. It is never an argument, because `ps` shows those.
package enum TokenStore {
    /// `~/.config/dist-train/token`; nil without a home directory.
    package static var defaultPath: String? { UserDirectory.config.map { Path.join($0, "token") } }

    /// The name of a token among the secrets of a service manager or a container engine.
    private static let secretName = "dist-train-token"

    /// The file in which the surroundings give a token: the one that DIST_TRAIN_TOKEN_FILE names, or a secret
    /// of a service manager or a container engine that is there; nil: none.
    package static func secretPath(
        _ variable: (String) -> String?, exists: (String) -> Bool = File.exists
    ) -> String? {
        if let path = variable("DIST_TRAIN_TOKEN_FILE"), !path.isEmpty { return path }
        return [variable("CREDENTIALS_DIRECTORY"), "/run/secrets"].compactMap { $0 }
            .filter { $0.hasPrefix("/") }.map { Path.join($0, secretName) }.first(where: exists)
    }

    /// A sentence about a token that the surroundings give instead of the default file's; nil: they do not.
    package static var precedence: String? {
        Environment.value("DIST_TRAIN_TOKEN") != nil
            ? "DIST_TRAIN_TOKEN is set here and comes before the file: unset it"
            : secretPath(Environment.value).map {
                "the token in `\($0)` comes before the file here: replace that one too"
            }
    }

    /// Returns the coordinator's token: what is given, or that in the default file, which is made if it is
    /// missing. Returns nil if there is no home directory in which it could be kept: it is then kept in
    /// the run directory.
    package static func forCoordinator(file: String?) throws -> SharedToken? {
        if let given = try given(file: file) { return given.token }
        guard let path = defaultPath else { return nil }
        // A home that can neither be read nor written is none.
        do { return try token(keptIn: path) } catch let error as SystemError where error.code != nil {
            return nil
        }
    }

    /// Returns the token in a run directory, which is made if it is missing.
    package static func kept(inRun directory: String) throws -> SharedToken {
        let path = runTokenPath(directory)
        // An engine that opens a volume to a group opens this file too. The directory is closed again.
        if let file = FileOwnership(of: path), file.isOwn, !file.isPrivate,
            FileOwnership(of: directory)?.isPrivate == true
        {
            try File.setPermissions(0o600, of: path)
        }
        return try token(keptIn: path)
    }

    package static func runTokenPath(_ directory: String) -> String { Path.join(directory, "token") }

    /// Returns the token in a file, which is made if it is missing.
    private static func token(keptIn path: String) throws -> SharedToken {
        if !File.exists(path) { try TokenFile.make(at: path) }
        return try TokenFile.read(path)
    }

    /// Returns a worker's token. If there is none, it is asked for on a terminal.
    ///
    /// - Parameter rejected: where the token came from that a coordinator has just rejected; it is then asked
    ///   for.
    package static func forWorker(file: String?, rejected: WorkerToken.Origin? = nil) throws -> WorkerToken {
        if rejected != nil { return WorkerToken(token: try TokenPrompt.token(), origin: .typed) }
        if let descriptor = Environment.value(InheritedDescriptors.token).flatMap(Int32.init) {
            InheritedDescriptors.tokenWasRead = true
            // A worker on another host has its lifeline behind the line.
            let line = Pipe.readLine(descriptor, limit: 4096)
            let token = try parse(line, from: "the inherited descriptor")
            return WorkerToken(token: token, origin: .given)
        }
        if let given = try given(file: file) { return given }
        if let path = defaultPath, File.exists(path) {
            return WorkerToken(token: try TokenFile.read(path), origin: .file(path))
        }
        guard TokenPrompt.hasTerminal else { throw missing }
        return WorkerToken(token: try TokenPrompt.token(), origin: .typed)
    }

    /// Waits until another process has made the token, if there is none, and returns it.
    ///
    /// - Parameters:
    ///   - seconds: the longest time.
    ///   - tell: called once if there is none yet, with the file that is waited for.
    package static func forWorker(file: String?, waiting seconds: Double, tell: (String) -> Void) throws
        -> WorkerToken
    {
        let end = Clock.monotonicSeconds() + seconds
        var hasTold = false
        while let missing = missingFile(file), Clock.monotonicSeconds() < end {
            if !hasTold { tell(missing) }
            hasTold = true
            Clock.sleep(seconds: 0.1)
        }
        return try forWorker(file: file)
    }

    /// The file that will hold the token; nil if there is a token, or none is to come.
    private static func missingFile(_ file: String?) -> String? {
        if let file { return file == "-" || File.exists(file) ? nil : file }
        guard Environment.value(InheritedDescriptors.token) == nil,
            Environment.value("DIST_TRAIN_TOKEN") == nil
        else { return nil }
        return (secretPath(Environment.value) ?? defaultPath).flatMap { File.exists($0) ? nil : $0 }
    }

    private static var missing: TokenError {
        TokenError(
            description:
                """
                no token: copy the one that the coordinator shows on its terminal into \
                \(defaultPath ?? "a file"), or give it with --token-file, DIST_TRAIN_TOKEN or \
                DIST_TRAIN_TOKEN_FILE
                """
        )
    }

    /// Whether another token can be asked for, after a coordinator has rejected one from there.
    package static func canAskAgain(after origin: WorkerToken.Origin) -> Bool {
        switch origin {
        case .given: false
        case .typed: TokenPrompt.hasTerminal
        case .file(let path): path == defaultPath && TokenPrompt.hasTerminal
        }
    }

    /// Stores a token that a coordinator has accepted, if it was typed.
    package static func store(_ accepted: WorkerToken) {
        guard accepted.origin == .typed else { return }
        guard let path = defaultPath else {
            return TokenPrompt.say("the token is not stored: there is no home directory")
        }
        do { try TokenFile.write(accepted.token, to: path) } catch {
            TokenPrompt.say("the token is not stored: \(error)")
        }
    }

    /// The token that the command line or the surroundings give; nil: none.
    private static func given(file: String?) throws -> WorkerToken? {
        if file == "-" {
            InheritedDescriptors.tokenWasRead = true
            return WorkerToken(
                token: try parse(readAll(STDIN_FILENO), from: "standard input"), origin: .given)
        }
        if file == nil, let text = Environment.value("DIST_TRAIN_TOKEN") {
            return WorkerToken(token: try parse(text, from: "DIST_TRAIN_TOKEN"), origin: .given)
        }
        return try (file ?? secretPath(Environment.value)).map {
            WorkerToken(token: try TokenFile.read($0), origin: .file($0))
        }
    }

    /// Returns the token that a coordinator started now would have.
    ///
    /// - Throws: `TokenError` if there is none yet.
    package static func existing(file: String?) throws -> SharedToken {
        if let given = try given(file: file) { return given.token }
        guard let path = defaultPath, File.exists(path) else {
            throw TokenError(
                description:
                    """
                    there is no token yet in \(defaultPath.map { "`\($0)`" } ?? "a home directory"); \
                    `dist-train coordinator` makes one when it starts, and so does `dist-train token rotate`
                    """
            )
        }
        return try TokenFile.read(path)
    }

    /// Replaces the token in the file by a new one, and returns the file's path.
    package static func rotate(file: String?) throws -> String {
        guard let path = file ?? defaultPath else {
            throw TokenError(
                description: "there is no home directory to keep a token in; name a file with --token-file")
        }
        try TokenFile.write(.random(), to: path)
        return path
    }

    /// Reads a token; whitespace in it means nothing.
    /// - Parameter source: the place that it comes from, for messages.
    package static func parse(_ text: String, from source: String) throws -> SharedToken {
        let digits = String(text.filter { !$0.isWhitespace })
        guard let token = SharedToken(hex: digits) else {
            throw TokenError(
                description:
                    """
                    \(source) does not hold a token (64 hexadecimal digits); copy the one that the \
                    coordinator shows on its terminal
                    """
            )
        }
        return token
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        Pipe.readToEnd(descriptor, limit: 4096) { bytes.append(contentsOf: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
