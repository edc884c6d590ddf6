/// Counts heartbeats and their answers. It decides when the coordinator counts as lost, and when to ask again
/// at once.
///
/// It counts beats and not seconds, so that a process that was asleep does not take its own pause for
/// silence.
package struct HeartbeatCounter {
    /// Beats in each `--peer-timeout`.
    package static let beatsPerTimeout = 5
    /// Beats without an answer after which the coordinator counts as lost: six times `--peer-timeout`.
    package static let mostUnanswered = 30

    /// Beats since the coordinator was last heard.
    private var unanswered = 0
    /// Answers that the clock's first questions still lack.
    private var questionsLeft: Int

    /// - Parameter questions: how often the coordinator is asked for its clock at once when the connection
    ///   begins, because any single answer may have been delayed.
    package init(questions: Int) { questionsLeft = questions }

    /// Counts a beat. False: the coordinator counts as lost, and no heartbeat is to be sent.
    package mutating func beat() -> Bool {
        unanswered += 1
        return unanswered <= Self.mostUnanswered
    }

    /// Counts an answer, and returns whether to ask again at once.
    package mutating func answered() -> Bool {
        unanswered = 0
        questionsLeft = max(0, questionsLeft - 1)
        return questionsLeft > 0
    }
}
