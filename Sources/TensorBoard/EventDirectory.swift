import Platform
import System

/// The event files of a run: `events.out.tfevents.NUMBER.dist-train.PID.0`. Each process writes one of its
/// own, made with its first event, because a TensorBoard that looks on may have read the torn last record of
/// the one before. TensorBoard reads them in the order of their names. Belongs to one thread.
struct EventDirectory {
    private static let prefix = "events.out.tfevents."

    let path: String
    private var file: AppendFile?

    init(_ path: String) { self.path = path }

    /// Reads the files of earlier processes. A file that cannot be read counts for nothing.
    func known() -> KnownEvents {
        var known = KnownEvents()
        for name in names { try? EventFile.forEach(in: Path.join(path, name)) { known.add($0) } }
        return known
    }

    /// Appends events, all or none.
    ///
    /// - Throws: `SystemError` if they cannot be written.
    mutating func append(_ events: [BoardEvent], time: Double) throws {
        let records = events.flatMap(\.record)
        if let file { return try file.append(bytes: records) }
        let path = try newPath(time)
        do {
            let file = try AppendFile(path)
            try file.append(bytes: BoardEvent.first(time: time).record + records)
            self.file = file
        } catch {
            unlink(path)
            throw error
        }
    }

    /// A path that is behind all others in the order of names.
    private func newPath(_ time: Double) throws -> String {
        try Directory.create(path, mode: 0o700)
        let last = names.compactMap { Int($0.dropFirst(Self.prefix.count).prefix { $0 != "." }) }.max() ?? 0
        let number = TextFormat.padded(max(Int(time), last + 1), 10)
        return Path.join(path, "\(Self.prefix)\(number).dist-train.\(getpid()).0")
    }

    private var names: [String] {
        guard let all = try? Directory.list(path) else { return [] }
        return all.filter { $0.hasPrefix(Self.prefix) }
    }
}
