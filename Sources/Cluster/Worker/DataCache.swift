import Datasets
import Platform
import System

/// The data sets that a machine's workers have fetched. Each is a file named by its content, which every
/// process that needs it maps.
///
/// One process fetches while the others wait for its lock. Every process checks the hash of a file that it
/// opens. A machine on which no directory can be written to works without a cache: each process keeps what it
/// has fetched in its memory.
package struct DataCache {
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

    /// Returns the data set with this content. `fetch` is called if there is no valid file.
    package func dataset(_ ticket: DatasetTicket, fetch: () throws -> [UInt8]) throws -> Dataset {
        guard let directory else { return try Dataset(serialized: checked(fetch(), ticket)) }
        let name = Path.join(directory, TextFormat.hex(ticket.hash) + ".dataset")
        if let dataset = cached(name, ticket) { return dataset }
        let lock = try FileLock(name + ".lock", waiting: .untilFree)
        defer { withExtendedLifetime(lock) {} }
        if let dataset = cached(name, ticket) { return dataset }
        try File.writeAtomically(checked(fetch(), ticket), to: name, mode: 0o600)
        return try Dataset(MappedFile(name))
    }

    private func checked(_ bytes: [UInt8], _ ticket: DatasetTicket) throws -> [UInt8] {
        guard SHA256.digest(of: bytes) == ticket.hash else {
            throw SystemError(
                """
                the data set that the coordinator sent does not have the promised content; restart the \
                coordinator
                """
            )
        }
        return bytes
    }

    private func cached(_ name: String, _ ticket: DatasetTicket) -> Dataset? {
        guard File.exists(name), let file = try? MappedFile(name), file.bytes.count == ticket.byteCount,
            SHA256.digest(of: file.bytes) == ticket.hash
        else { return nil }
        return try? Dataset(file)
    }
}
