import System
import Transport

/// A file that holds the shared token: reads it with care for who else may read it, and writes it for its
/// owner alone.
package enum TokenFile {
    /// The directories in which service managers and container engines put secrets. They choose the modes
    /// (0440, 0444, 0644), and keep others out themselves.
    private static var secretDirectories: [String] {
        let given = [Environment.value("CREDENTIALS_DIRECTORY"), "/run/secrets", "/var/run/secrets"]
        return given.compactMap { $0 }.filter { $0.hasPrefix("/") }.map { Path.real($0) ?? $0 }
    }

    /// Reads the token.
    ///
    /// - Throws: `TokenError` if the file holds none, or is this user's own and others have access to it;
    ///   `SystemError` if it cannot be read.
    package static func read(_ path: String) throws -> SharedToken {
        if let file = FileOwnership(of: path), !mayBeRead(file, secrets: secretDirectories) {
            throw TokenError(description: refusal(path, file))
        }
        return try TokenStore.parse(File.readText(path, limit: 4096), from: "`\(path)`")
    }

    /// Decides whether a token file is read as it is: no other user has access, or its mode is not for this
    /// user to choose.
    ///
    /// - Parameter secrets: directories in which modes are not judged.
    package static func mayBeRead(_ file: FileOwnership, secrets: [String]) -> Bool {
        file.isPrivate || !file.isOwn || file.isOnReadOnlyMount
            || secrets.contains { file.path.hasPrefix($0 + "/") }
    }

    private static func refusal(_ path: String, _ file: FileOwnership) -> String {
        """
        other users of this machine have access to the token in `\(path)` \
        (mode \(String(file.permissions & 0o777, radix: 8))); take it from them with `chmod 600 \(path)`, \
        and if one of them may have read it, make a new one with `dist-train token rotate`. Where the mode \
        cannot be changed: mount the secret read-only, put it below /run/secrets or \
        $CREDENTIALS_DIRECTORY, or give the token in DIST_TRAIN_TOKEN or on standard input (--token-file -)
        """
    }

    /// - Throws: `SystemError` if the file or its directory cannot be written.
    package static func write(_ token: SharedToken, to path: String) throws {
        try Directory.create(Path.directory(of: path), mode: 0o700)
        try File.writeAtomically(token.hex + "\n", to: path, mode: 0o600)
    }
}
