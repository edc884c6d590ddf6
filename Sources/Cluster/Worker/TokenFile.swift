import Platform
import System
import Transport

/// A file that holds the shared token: reads it with care for who else may read it, and writes it for its
/// owner alone.
package enum TokenFile {
    /// Reads the token.
    ///
    /// - Throws: `TokenError` if the file holds none, or is this user's own and others have access to it;
    ///   `SystemError` if it cannot be read.
    package static func read(_ path: String) throws -> SharedToken {
        if let file = FileOwnership(of: path), !file.isFitForSecret {
            throw TokenError(description: refusal(path, file))
        }
        return try TokenStore.parse(File.readText(path, limit: 4096), from: "`\(path)`")
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

    /// Writes a new token, unless another process has made one in the meantime: two jobs that start at once
    /// have the same.
    ///
    /// - Throws: `SystemError` if the file or its directory cannot be written.
    static func make(at path: String) throws {
        let token = SharedToken.random()
        let draft = "\(path).new-\(SharedToken.random().hex.prefix(16))"
        try write(token, to: draft)
        defer { unlink(draft) }
        guard link(draft, path) != 0, errno != EEXIST else { return }
        // A file system without hard links.
        try write(token, to: path)
    }

    /// - Throws: `SystemError` if the file or its directory cannot be written.
    package static func write(_ token: SharedToken, to path: String) throws {
        try Directory.create(Path.directory(of: path), mode: 0o700)
        try File.writeAtomically(token.hex + "\n", to: path, mode: 0o600)
    }
}
