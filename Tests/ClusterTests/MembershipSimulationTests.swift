import System
import Testing

@Suite struct MembershipSimulationTests {
    /// `DIST_TRAIN_SEED=N` replays one schedule; the long form tries many more.
    @Test func schedulesOfFaults() {
        if let seed = Environment.value("DIST_TRAIN_SEED").flatMap({ UInt64($0) }) { return check(seed) }
        let count: UInt64 = Environment.value("DIST_TRAIN_LONG_TESTS") == "1" ? 200_000 : 4_000
        var generations = 0
        for seed in 1...count {
            var simulation = MembershipSimulation(seed: seed)
            do { try simulation.run() } catch {
                Issue.record("\(error) [replay with DIST_TRAIN_SEED=\(seed)]")
                return
            }
            generations += simulation.generations
        }
        #expect(generations > Int(count), "the schedules re-form")
    }

    private func check(_ seed: UInt64) {
        var simulation = MembershipSimulation(seed: seed)
        #expect(throws: Never.self) { try simulation.run() }
    }
}
