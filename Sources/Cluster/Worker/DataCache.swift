import Datasets
import System

/// The data sets that a machine's workers have fetched. Each is a file named by its content, which every
/// process that needs it maps.
///
/// One process fetches while the others wait for its lock. Every process checks the hash of a file that it
/// opens.
package struct DataCache {
    package let directory: String

    /// - Parameter path: the directory; nil: `$XDG_CACHE_HOME/dist-train`, or `~/.cache/dist-train`.
    package init(_ path: String?) throws {
        directory =
            path
            ?? Environment.value("XDG_CACHE_HOME").map { Path.join($0, "dist-train") }
            ?? Environment.value("HOME").map { Path.join($0, ".cache/dist-train") }
            ?? "/tmp/dist-train-cache"
        do {
            try Directory.create(directory, mode: 0o700)
        } catch {
            throw SystemError("\(error) (the cache for data sets; choose another directory with --cache-dir)")
        }
    }

    /// Returns the data set with this content. `fetch` is called if there is no valid file.
    package func dataset(_ ticket: DatasetTicket, fetch: () throws -> [UInt8]) throws -> Dataset {
        let name = Path.join(directory, TextFormat.hex(ticket.hash) + ".dataset")
        if let dataset = cached(name, ticket) { return dataset }
        let lock = try FileLock(name + ".lock", waiting: .untilFree)
        defer { withExtendedLifetime(lock) {} }
        if let dataset = cached(name, ticket) { return dataset }
        let bytes = try fetch()
        guard SHA256.digest(of: bytes) == ticket.hash else {
            throw SystemError(
                """
                the data set that the coordinator sent does not have the promised content; restart the \
                coordinator
                """
            )
        }
        try File.writeAtomically(bytes, to: name, mode: 0o600)
        return try Dataset(MappedFile(name))
    }

    private func cached(_ name: String, _ ticket: DatasetTicket) -> Dataset? {
        guard File.exists(name), let file = try? MappedFile(name), file.bytes.count == ticket.byteCount,
            SHA256.digest(of: file.bytes) == ticket.hash
        else { return nil }
        return try? Dataset(file)
    }
}
