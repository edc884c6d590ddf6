import Cluster
import Testing

/// The floats that a member lacks when a generation begins, as they arrive.
@Suite struct MissingStateTests {
    private func state() -> MissingState {
        MissingState(parameters: 10, moments: [0..<4, 8..<9], momentCount: 2, statistics: 3)
    }

    private func isRefused(_ state: MissingState, _ section: Int, _ offset: Int, bytes: Int) -> Bool {
        do {
            try state.require(StateRun(section: section, offset: offset), bytes: bytes)
            return false
        } catch {
            return true
        }
    }

    @Test func wholeState() throws {
        var state = state()
        #expect(state.lastSection == 3)
        let runs = [
            (0, 0, 6), (0, 6, 4), (1, 0, 4), (2, 0, 1), (2, 1, 3), (1, 8, 1), (2, 8, 1), (3, 0, 2), (3, 2, 1),
        ]
        for (section, offset, count) in runs {
            #expect(!state.isEmpty)
            #expect(!isRefused(state, section, offset, bytes: 4 * count))
            try state.arrived(StateRun(section: section, offset: offset), count: count)
        }
        #expect(state.isEmpty)
        #expect(isRefused(state, 0, 0, bytes: 4), "nothing is missing any more")
    }

    @Test func runsThatDoNotFit() throws {
        var state = state()
        try state.arrived(StateRun(section: 1, offset: 0), count: 2)
        for (section, offset, bytes) in [
            (0, 1, 4), (0, 0, 44), (0, 0, 6), (1, 0, 4), (1, 1, 4), (1, 3, 4), (1, 2, 12), (1, 8, 4),
            (2, 8, 4), (3, 0, 16), (4, 0, 4), (-1, 0, 4),
        ] {
            #expect(isRefused(state, section, offset, bytes: bytes), "\(section) \(offset) \(bytes)")
        }
        #expect(!isRefused(state, 1, 2, bytes: 8))
        #expect(throws: MalformedMessage.self) {
            try state.arrived(StateRun(section: 1, offset: 0), count: 1)
        }
    }

    /// A member that kept its share lacks only the statistics; an owner of nothing lacks no moments.
    @Test func nothingButStatistics() throws {
        var state = MissingState(parameters: 0, moments: [0..<0], momentCount: 2, statistics: 1)
        #expect(isRefused(state, 0, 0, bytes: 4) && isRefused(state, 1, 0, bytes: 4))
        try state.arrived(StateRun(section: 2, offset: 0), count: 0)
        try state.arrived(StateRun(section: 3, offset: 0), count: 1)
        #expect(state.isEmpty)
        #expect(MissingState(parameters: 0, moments: [], momentCount: 0, statistics: 0).isEmpty)
    }

    /// One owner of the whole optimizer state of a large model.
    @Test func offsetsBeyond32Bits() throws {
        let far = 5 << 32
        var state = MissingState(parameters: 0, moments: [0..<far + 3], momentCount: 1, statistics: 0)
        try state.arrived(StateRun(section: 1, offset: 0), count: far)
        #expect(isRefused(state, 1, 0, bytes: 4))
        try state.arrived(StateRun(section: 1, offset: far), count: 3)
        #expect(state.isEmpty)
    }
}
