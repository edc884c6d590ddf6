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

    /// Returns the coordinator's token: from the file, DIST_TRAIN_TOKEN or the default file, which is made if
    /// it is missing. Returns nil if there is no home directory in which it could be kept: it is then kept in
    /// the run directory.
    package static func forCoordinator(file: String?) throws -> SharedToken? {
        if let given = try given(file: file) { return given }
        guard let path = defaultPath else { return nil }
        // A home that can neither be read nor written is none.
        do { return try token(keptIn: path) } catch let error as SystemError where error.code != nil {
            return nil
        }
    }

    /// Returns the token in a run directory, which is made if it is missing.
    package static func kept(inRun directory: String) throws -> SharedToken {
        try token(keptIn: runTokenPath(directory))
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
            let token = try parse(readAll(descriptor), from: "the inherited descriptor")
            return WorkerToken(token: token, origin: .given)
        }
        if let file, file != "-" { return WorkerToken(token: try TokenFile.read(file), origin: .file(file)) }
        if let given = try given(file: file) { return WorkerToken(token: given, origin: .given) }
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
        return defaultPath.flatMap { File.exists($0) ? nil : $0 }
    }

    private static var missing: TokenError {
        TokenError(
            description:
                """
                no token: copy the one that the coordinator shows on its terminal into \
                \(defaultPath ?? "a file"), or give it with --token-file or DIST_TRAIN_TOKEN
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

    private static func given(file: String?) throws -> SharedToken? {
        if file == "-" {
            InheritedDescriptors.tokenWasRead = true
            return try parse(readAll(STDIN_FILENO), from: "standard input")
        }
        if let file { return try TokenFile.read(file) }
        return try Environment.value("DIST_TRAIN_TOKEN").map { try parse($0, from: "DIST_TRAIN_TOKEN") }
    }

    /// Returns the token that a coordinator started now would have.
    ///
    /// - Throws: `TokenError` if there is none yet.
    package static func existing(file: String?) throws -> SharedToken {
        if let given = try given(file: file) { return given }
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
