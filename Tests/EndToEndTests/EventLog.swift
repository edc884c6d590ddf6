import Configuration
import System
import Testing

/// The events that a process has written to its log, a JSON object per line.
///
/// Tests read events and their fields; the sentences for people are tested in TelemetryTests. For example:
///
///     try log.wait(for: "worker_lost", from: coordinator) { $0.integer("worker") == 2 }
struct EventLog {
    struct Event: CustomStringConvertible {
        let value: ConfigValue

        func text(_ field: String) -> String? {
            if case .string(let text)? = value[field]?.kind { text } else { nil }
        }
        func integer(_ field: String) -> Int? {
            if case .number(let number)? = value[field]?.kind { number.integer } else { nil }
        }
        func flag(_ field: String) -> Bool? {
            if case .bool(let flag)? = value[field]?.kind { flag } else { nil }
        }

        /// Whether the text of `reason` contains these words.
        func isBecause(_ words: String) -> Bool { text("reason")?.holds(words) == true }

        var description: String { value.compactJSON() }
    }

    let path: String
    /// The number of lines that an earlier process has written to the same file.
    private let earlier: Int

    /// - Parameter continues: passes over the lines that are there now, which are an earlier process's.
    init(path: String, continues: Bool = false) {
        self.path = path
        earlier = continues ? Self.lines(path).count : 0
    }

    /// The log of a coordinator, in its run directory.
    init(run directory: String, continues: Bool = false) {
        self.init(path: Path.join(directory, "log.jsonl"), continues: continues)
    }

    private static func lines(_ path: String) -> [Substring] {
        let text = (try? File.readText(path, limit: 1 << 28)) ?? ""
        // The last line may be unfinished.
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    /// The whole log as text, for a test that fails.
    var text: String { Self.lines(path).dropFirst(earlier).joined(separator: "\n") }

    /// All events of a name, so far.
    func events(_ name: String) throws -> [Event] {
        let mark = "\"event\":\"\(name)\""
        return try Self.lines(path).dropFirst(earlier).filter { $0.contains(mark) }.map { line in
            let diagnostics = Diagnostics()
            let value = JSON5.parse(String(line), name: path, diagnostics: diagnostics)
            try diagnostics.check()
            return Event(value: try #require(value))
        }
    }

    /// Whether there is an event of a name that fits.
    func has(_ name: String, where fits: (Event) -> Bool = { _ in true }) throws -> Bool {
        try events(name).contains(where: fits)
    }

    /// Waits until the process has told an event that fits.
    @discardableResult
    func wait(
        for name: String, from process: ChildProcess, seconds: Double = 120,
        where fits: (Event) -> Bool = { _ in true }
    ) throws -> Event {
        let deadline = Clock.monotonicSeconds() + seconds
        while true {
            let hasEnded = process.exitStatus() != nil
            if let event = try events(name).first(where: fits) { return event }
            guard Clock.monotonicSeconds() < deadline, !hasEnded else {
                throw Program.TooSlow(errors: "no \(name) in \(text)\n\(process.standardError())")
            }
            Clock.sleep(seconds: 0.01)
        }
    }
}
