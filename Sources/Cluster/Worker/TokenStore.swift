import Platform
import System
import Transport

/// A missing or malformed token. The description says how to give one.
package struct TokenError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Finds the shared token. It is never an argument, because `ps` shows those.
package enum TokenStore {
    /// `~/.config/dist-train/token`.
    package static var defaultPath: String? {
        let base =
            Environment.value("XDG_CONFIG_HOME") ?? Environment.value("HOME").map { Path.join($0, ".config") }
        return base.map { Path.join($0, "dist-train/token") }
    }

    /// Returns the coordinator's token: from the file, DIST_TRAIN_TOKEN or the default file, which is made if
    /// it is missing.
    package static func forCoordinator(file: String?) throws -> SharedToken {
        if let given = try given(file: file) { return given }
        guard let path = defaultPath else {
            throw TokenError(
                description:
                    """
                    there is no home directory to keep a token in; give one with --token-file or \
                    DIST_TRAIN_TOKEN
                    """
            )
        }
        if File.exists(path) { return try read(path) }
        let token = SharedToken.random()
        try keep(token, at: path)
        return token
    }

    /// Returns a worker's token. If there is none, it is asked for on a terminal, and kept.
    package static func forWorker(file: String?) throws -> SharedToken {
        if let descriptor = Environment.value(InheritedDescriptors.token).flatMap(Int32.init) {
            InheritedDescriptors.tokenWasRead = true
            return try parse(readAll(descriptor), from: "the inherited descriptor")
        }
        if let given = try given(file: file) { return given }
        if let path = defaultPath, File.exists(path) { return try read(path) }
        guard isatty(STDIN_FILENO) == 1, let path = defaultPath else {
            throw TokenError(
                description:
                    """
                    no token: copy the one that the coordinator shows on its terminal into \
                    \(defaultPath ?? "a file"), or give it with --token-file or DIST_TRAIN_TOKEN
                    """
            )
        }
        while true {
            do {
                let token = try parse(ask(), from: "the line")
                try keep(token, at: path)
                return token
            } catch let error as TokenError {
                prompt("\(error)\n")
            }
        }
    }

    private static func given(file: String?) throws -> SharedToken? {
        if file == "-" {
            InheritedDescriptors.tokenWasRead = true
            return try parse(readAll(STDIN_FILENO), from: "standard input")
        }
        if let file { return try read(file) }
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
        return try read(path)
    }

    /// Replaces the token in the file by a new one, and returns the file's path.
    package static func rotate(file: String?) throws -> String {
        guard let path = file ?? defaultPath else {
            throw TokenError(
                description: "there is no home directory to keep a token in; name a file with --token-file")
        }
        try keep(.random(), at: path)
        return path
    }

    private static func read(_ path: String) throws -> SharedToken {
        if let permissions = try File.permissions(path), permissions & 0o077 != 0 {
            throw TokenError(
                description:
                    """
                    other users of this machine have access to the token in `\(path)` \
                    (mode \(String(permissions, radix: 8))); take it from them with `chmod 600 \(path)`, and \
                    if one of them may have read it, make a new one with `dist-train token rotate`
                    """
            )
        }
        return try parse(File.readText(path, limit: 4096), from: "`\(path)`")
    }

    private static func parse(_ text: String, from source: String) throws -> SharedToken {
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

    private static func keep(_ token: SharedToken, at path: String) throws {
        try Directory.create(Path.directory(of: path), mode: 0o700)
        try File.writeAtomically(token.hex + "\n", to: path, mode: 0o600)
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        Pipe.readToEnd(descriptor, limit: 4096) { bytes.append(contentsOf: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads a line without showing it.
    private static func ask() throws -> String {
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        prompt("token (as the coordinator shows it): ")
        let line = readLine()
        prompt("\n")
        guard let line else { throw SystemError("the terminal was closed before a token was given") }
        return line
    }

    private static func prompt(_ text: String) { write(STDERR_FILENO, text, text.utf8.count) }
}
