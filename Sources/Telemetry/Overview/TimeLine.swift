/// The events of a run that a page lists, in bounded memory. Where there are too many, what matters least
/// goes first, and of that the oldest.
package struct TimeLine: Equatable, Sendable {
    package static let mostEntries = 1000
    /// The most characters of a sentence.
    package static let longestText = 2000

    package struct Entry: Equatable, Sendable {
        /// Entries are counted from 1.
        package let number: Int
        /// Seconds since 1970-01-01 UTC.
        package let time: Double
        /// The event's name.
        package let event: String
        package let level: LogLevel
        package let text: String
        package let worker: Int?
        package let step: Int?

        /// How much the entry matters.
        fileprivate var rank: Int {
            if level == .error || Self.landmarks.contains(event) { return 3 }
            // While workers are missing, an entry comes every 10 s.
            if event == "workers_missing" { return 1 }
            if level == .warning || event == "checkpoint_written" { return 2 }
            return level == .info ? 1 : 0
        }

        private static let landmarks: Set<String> = [
            "run_started", "run_resumed", "run_stopped", "run_finished", "stopped_early", "worker_joined",
            "worker_left", "worker_lost", "worker_refused", "recovery_started", "recovered",
        ]
    }

    package private(set) var entries: [Entry] = []
    /// The number of the newest entry.
    package private(set) var count = 0
    /// Entries that have made room for others.
    package var dropped: Int { count - entries.count }

    package init() {}

    /// Steps and epochs are on the curves.
    private static let others: Set<String> = [
        "step_finished", "step_logged", "epoch_finished", "epoch_times", "workers_observed",
    ]

    package mutating func add(_ facts: EventFacts, at time: Double) {
        guard !Self.others.contains(facts.name) else { return }
        count += 1
        entries.append(
            Entry(
                number: count, time: time, event: facts.name, level: facts.level,
                text: String(facts.sentence.prefix(Self.longestText)), worker: facts["worker"]?.integer,
                step: facts["step"]?.integer))
        if entries.count > Self.mostEntries { removeLeast() }
    }

    /// The entries behind the one with this number.
    package func entries(after number: Int) -> ArraySlice<Entry> {
        entries[(entries.firstIndex { $0.number > number } ?? entries.count)...]
    }

    private mutating func removeLeast() {
        var least = (index: 0, rank: Int.max)
        for (index, entry) in entries.enumerated() where entry.rank < least.rank {
            least = (index, entry.rank)
            if least.rank == 0 { break }
        }
        entries.remove(at: least.index)
    }
}
