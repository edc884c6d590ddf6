import Platform
import System

/// The data sets that a machine's processes have fetched or made of large texts. Each is a file named by its
/// content, which every process that needs it maps.
///
/// One process fetches while the others wait for its lock. Every process checks the hash of a file that it
/// opens. A machine on which no directory can be written to works without a cache: each process keeps what it
/// has fetched in its memory.
package struct DataCache: Sendable {
    /// Nil: there is no directory, and nothing is kept.
    package let directory: String?

    /// - Parameter path: the directory; nil: `$XDG_CACHE_HOME/dist-train` or `~/.cache/dist-train`, or if
    ///   that cannot be written, a directory of this user in `$TMPDIR` or `/tmp`.
    package init(_ path: String?) throws {
        guard let path else {
            directory =
                Self.usable(UserDirectory.cache) ?? (try? UserDirectory.privateTemporary("dist-train-cache"))
            return
        }
        directory = path
        do {
            try Directory.create(path, mode: 0o700)
        } catch {
            throw SystemError("\(error) (the cache for data sets; choose another directory with --cache-dir)")
        }
    }

    /// Returns the directory, made if it is missing; nil if it cannot be written to.
    private static func usable(_ path: String?) -> String? {
        guard let path, (try? Directory.create(path, mode: 0o700)) != nil, access(path, W_OK | X_OK) == 0
        else {
            return nil
        }
        return path
    }

    /// A data set by the SHA-256 and the number of bytes of its canonical form.
    package struct Name: Equatable, Sendable {
        package let hash: [UInt8]
        package let byteCount: Int

        package init(hash: [UInt8], byteCount: Int) { (self.hash, self.byteCount) = (hash, byteCount) }
    }

    /// Returns the data set with this content. `fetch` is called if there is no valid file.
    package func dataset(_ name: Name, fetch: () throws -> [UInt8]) throws -> Dataset {
        guard let path = path(of: name) else { return try Dataset(serialized: checked(fetch(), name)) }
        if let dataset = dataset(name) { return dataset }
        let lock = try FileLock(path + ".lock", waiting: .untilFree)
        defer { withExtendedLifetime(lock) {} }
        if let dataset = dataset(name) { return dataset }
        try File.writeAtomically(checked(fetch(), name), to: path, mode: 0o600)
        return try Dataset(MappedFile(path), hash: name.hash)
    }

    /// Returns the data set with this content; nil if there is no valid file.
    package func dataset(_ name: Name) -> Dataset? {
        guard let path = path(of: name), File.exists(path), let file = try? MappedFile(path),
            file.bytes.count == name.byteCount, file.sha256() == name.hash
        else { return nil }
        return try? Dataset(file, hash: name.hash)
    }

    /// The file of a data set; nil without a directory.
    func path(of name: Name) -> String? {
        directory.map { Path.join($0, TextFormat.hex(name.hash) + ".dataset") }
    }

    private func checked(_ bytes: [UInt8], _ name: Name) throws -> [UInt8] {
        guard SHA256.digest(of: bytes) == name.hash else {
            throw SystemError(
                """
                the data set that the coordinator sent does not have the promised content; restart the \
                coordinator
                """
            )
        }
        return bytes
    }
}
