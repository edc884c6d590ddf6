import Synchronization

/// A file of lines of which none is dropped: lines that cannot be written (the disk is full, a quota is used
/// up) wait in memory, in their order, and are written as soon as that is possible. It may be used from any
/// thread.
///
/// ```swift
/// let file = try PatientFile("runs/a/metrics.jsonl")
/// try file.append(line)           // throws only when too much waits
/// file.backlog                    // the lines that wait, and why; nil: none does
/// ```
package final class PatientFile: Sendable {
    /// The lines that wait.
    package struct Backlog: Equatable, Sendable {
        package var lines: Int
        /// Bytes of the lines, with their line feeds.
        package var bytes: Int
        /// Why they could not be written.
        package var reason: String
    }

    private struct State {
        var waiting: [String] = []
        var bytes = 0
        /// The failure of the newest attempt to write.
        var failure: (any Error)?
    }

    package static let usualLimit = 64 << 20
    /// The most bytes of waiting lines that are written at once.
    private static let largestBlock = 64 << 10

    package let path: String
    /// Bytes of lines that may wait.
    package let limit: Int
    private let write: @Sendable ([UInt8]) throws -> Void
    private let synchronizeFile: @Sendable () throws -> Void
    private let state = Mutex(State())

    /// Opens or creates `path`, as `AppendFile` does.
    ///
    /// - Throws: `SystemError` if the file cannot be opened.
    package convenience init(_ path: String, limit: Int = usualLimit) throws {
        let file = try AppendFile(path)
        self.init(
            path, limit: limit, write: { try file.append(bytes: $0) },
            synchronize: { try file.synchronize() })
    }

    /// Writes by `write`, which appends all of the bytes or throws.
    package init(
        _ path: String, limit: Int, write: @escaping @Sendable ([UInt8]) throws -> Void,
        synchronize: @escaping @Sendable () throws -> Void = {}
    ) {
        self.path = path
        self.limit = limit
        self.write = write
        synchronizeFile = synchronize
    }

    /// The lines that wait; nil if all are in the file.
    package var backlog: Backlog? {
        state.withLock { state in
            state.waiting.isEmpty
                ? nil
                : Backlog(
                    lines: state.waiting.count, bytes: state.bytes,
                    reason: state.failure.map { "\($0)" } ?? "")
        }
    }

    /// Appends `line`, which has no line feed of its own, behind the lines that wait.
    ///
    /// - Throws: `SystemError` if more lines wait than memory is meant for. This one waits all the same.
    package func append(_ line: String) throws {
        let failure = state.withLock { state in
            state.waiting.append(line)
            state.bytes += line.utf8.count + 1
            drain(&state)
            return state.bytes > limit ? state.failure : nil
        }
        guard let failure else { return }
        throw SystemError(
            "\(TextFormat.bytes(limit)) of lines wait in memory for `\(path)`, and no more may: \(failure)")
    }

    /// Tries to write the lines that wait.
    ///
    /// - Throws: the failure, if some of them still wait.
    package func flush() throws {
        let failure = state.withLock { state in
            drain(&state)
            return state.waiting.isEmpty ? nil : state.failure
        }
        if let failure { throw failure }
    }

    /// Returns when all lines have reached the disk.
    ///
    /// - Throws: the failure, if they cannot.
    package func synchronize() throws {
        try flush()
        try synchronizeFile()
    }

    /// Writes lines until all are written or one attempt fails. The first attempt is one line alone, and the
    /// later ones take twice as many, so that a full disk costs one attempt, and little room is used too.
    private func drain(_ state: inout State) {
        var (written, most) = (0, 1)
        while written < state.waiting.count {
            var block: [UInt8] = []
            var end = written
            while end < state.waiting.count, end - written < most, block.count < Self.largestBlock {
                block += state.waiting[end].utf8
                block.append(0x0A)
                end += 1
            }
            do { try write(block) } catch {
                state.failure = error
                break
            }
            (written, most) = (end, 2 * most)
            state.bytes -= block.count
        }
        state.waiting.removeFirst(written)
    }
}
