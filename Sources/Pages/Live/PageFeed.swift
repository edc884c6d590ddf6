import Configuration
import HTTP
import Synchronization
import System
import Threads

/// The viewers of a page, and the thread that tells them of changes: at most twice a second, and only while
/// there is a viewer. What is sent is made once for all of them.
final class PageFeed: Sendable {
    /// Seconds between two messages.
    private static let interval = 0.5

    private struct State {
        /// Viewers that know the run, and viewers that have just come.
        var viewers: [EventStream] = []
        var newcomers: [EventStream] = []
        var isOver = false
        /// The number of the last entry of the time line that was sent.
        var entries = 0
        /// Messages that a viewer did not take.
        var dropped = 0
    }

    private let page: LivePage
    private let state = Monitor(State())
    /// One message at a time.
    private let sending = Mutex(())

    init(_ page: LivePage) { self.page = page }

    /// Starts the thread. It ends with the feed, or with the process.
    func start() throws(ThreadError) {
        try Thread(named: "page-events") { [self] in
            while isWatched() {
                tell()
                Clock.sleep(seconds: Self.interval)
            }
        }.detach()
    }

    /// Messages that were not taken, because a viewer was too slow.
    var dropped: Int { state.change { $0.dropped } }

    /// The viewer gets the whole run within half a second, and then its changes.
    func add(_ viewer: EventStream) {
        let isOver = state.change { state in
            if !state.isOver { state.newcomers.append(viewer) }
            return state.isOver
        }
        guard !isOver else { return viewer.end() }
        viewer.onClose { [weak self, weak viewer] in
            guard let self, let viewer else { return }
            state.change { state in
                state.viewers.removeAll { $0 === viewer }
                state.newcomers.removeAll { $0 === viewer }
            }
        }
    }

    /// Sends everybody the last state of the run, and takes no viewers any more.
    func end() {
        sending.withLock { _ in
            let viewers = state.change { state in
                defer { (state.viewers, state.newcomers) = ([], []) }
                state.isOver = true
                return state.viewers + state.newcomers
            }
            guard !viewers.isEmpty else { return }
            let last = page.document.value(at: Clock.wallSeconds()).compactJSON()
            let message = EventStream.encoded(event: "end", data: last)
            for viewer in viewers {
                viewer.send(message)
                viewer.end()
            }
        }
    }

    /// Waits until there is a viewer; false: the feed is over.
    private func isWatched() -> Bool {
        state.wait { state in
            if state.isOver { return false }
            return state.viewers.isEmpty && state.newcomers.isEmpty ? nil : true
        }
    }

    private func tell() {
        sending.withLock { _ in
            let moment = page.takeChanges()
            let now = Clock.wallSeconds()
            let newest = moment.document.overview.timeLine.count
            let (viewers, newcomers, entries) = state.change { state in
                defer {
                    state.entries = newest
                    state.viewers += state.newcomers
                    state.newcomers = []
                }
                // Viewers of another run must get the whole of this one.
                return moment.isOther
                    ? ([], state.viewers + state.newcomers, 0)
                    : (state.viewers, state.newcomers, state.entries)
            }
            if !newcomers.isEmpty {
                send("state", moment.document.value(at: now), to: newcomers)
            }
            if !viewers.isEmpty {
                send("change", moment.document.change(at: now, after: entries), to: viewers)
            }
        }
    }

    private func send(_ event: String, _ value: ConfigValue, to viewers: [EventStream]) {
        let message = EventStream.encoded(event: event, data: value.compactJSON())
        let lost = viewers.count { !$0.send(message) }
        if lost > 0 { state.change { $0.dropped += lost } }
    }
}
