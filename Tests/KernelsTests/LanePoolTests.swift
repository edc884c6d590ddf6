import Kernels
import Platform
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct LanePoolTests {
    @Test(arguments: [1, 2, 3, 5])
    func everyTaskRunsOnceWhateverTheLanes(lanes: Int) {
        onThread(in: .standard) {
            let pool = LanePool(lanes: lanes)
            #expect(pool.lanes == lanes)
            for round in 0..<2000 {
                let count = round % 23
                let runs = DoubleBuffer(count: 32)
                let wrongLane = Atomic(false)
                pool.run(count) { task, lane in
                    runs.pointer[task] += Double(task + 1)  // each task has its own element: twice would show
                    if lane < 0 || lane >= lanes { wrongLane.store(true, ordering: .relaxed) }
                }
                #expect((0..<32).allSatisfy { runs.pointer[$0] == ($0 < count ? Double($0 + 1) : 0) })
                let strayed = wrongLane.load(ordering: .relaxed)
                #expect(!strayed)
            }
        }
    }

    @Test func tasksOfDifferentLanesRunAtTheSameTime() {
        onThread(in: .standard) {
            let pool = LanePool(lanes: 2)
            let meeting = Meeting(of: 2)
            let met = Atomic(0)
            pool.run(2) { _, _ in
                if meeting.join() { met.add(1, ordering: .relaxed) }
            }
            let meetings = met.load(ordering: .relaxed)
            #expect(meetings == 2)
        }
    }

    /// Pauses before a call let the helpers fall asleep, long tasks of the helper the caller.
    @Test func sleepersWakeUp() {
        onThread(in: .standard) {
            let pool = LanePool(lanes: 3)
            for round in 0..<200 {
                if round % 2 == 0 { usleep(500) }
                let meeting = Meeting(of: 3)
                let met = Atomic(0)
                pool.run(3) { _, lane in
                    if meeting.join() { met.add(1, ordering: .relaxed) }
                    if lane != 0 { usleep(300) }
                }
                let meetings = met.load(ordering: .relaxed)
                #expect(meetings == 3)
            }
        }
    }

    @Test func aClosedPoolRunsOnItsCaller() {
        onThread(in: .standard) {
            let pool = LanePool(lanes: 3)
            pool.close()
            var lanesSeen: Set<Int> = []
            pool.run(4) { _, lane in lanesSeen.insert(lane) }
            #expect(lanesSeen == [0])
            pool.close()
        }
    }

    @Test func helpersFlushSubnormalsToZero() {
        onThread(in: .standard) {
            let pool = LanePool(lanes: 2)
            let smallest = FloatBuffer(count: 1)
            smallest.pointer[0] = .leastNormalMagnitude
            let halves = FloatBuffer(count: 2)
            let meeting = Meeting(of: 2)  // so that one task is the helper's
            pool.run(2) { task, _ in
                halves.pointer[task] = 1
                if meeting.join() { halves.pointer[task] = smallest.pointer[0] * 0.5 }
            }
            #expect(halves.elements.allSatisfy { $0 == 0 })
        }
    }
}

/// Tasks wait for each other in it: with too few threads that ends by the bound, not by meeting.
private final class Meeting: Sendable {
    private let members: Int
    private let inside = Atomic(0)

    init(of members: Int) { self.members = members }

    func join() -> Bool {
        inside.add(1, ordering: .sequentiallyConsistent)
        for _ in 0..<10_000_000 {
            if inside.load(ordering: .sequentiallyConsistent) >= members { return true }
            sched_yield()
        }
        return false
    }
}
