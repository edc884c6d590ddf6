import Kernels
import Synchronization
import Testing

@Suite(.serialized) struct LanePoolTests {
    @Test(arguments: [1, 2, 3, 5])
    func everyTaskRunsOnceWhateverTheLanes(lanes: Int) {
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

    @Test func tasksOfDifferentLanesRunAtTheSameTime() {
        let pool = LanePool(lanes: 2)
        // Each task waits for the other one: with one thread this would end by the bound, not by meeting.
        let inside = Atomic(0)
        let met = Atomic(0)
        pool.run(2) { _, _ in
            inside.add(1, ordering: .sequentiallyConsistent)
            var patience = 2_000_000_000
            while inside.load(ordering: .sequentiallyConsistent) < 2 && patience > 0 { patience -= 1 }
            if patience > 0 { met.add(1, ordering: .relaxed) }
        }
        let meetings = met.load(ordering: .relaxed)
        #expect(meetings == 2)
    }

    @Test func aClosedPoolRunsOnItsCaller() {
        let pool = LanePool(lanes: 3)
        pool.close()
        var lanesSeen: Set<Int> = []
        pool.run(4) { _, lane in lanesSeen.insert(lane) }
        #expect(lanesSeen == [0])
        pool.close()
    }

    @Test func helpersFlushSubnormalsToZero() {
        let pool = LanePool(lanes: 2)
        let smallest = FloatBuffer(count: 1)
        smallest.pointer[0] = .leastNormalMagnitude
        let halves = FloatBuffer(count: 64)
        pool.run(64) { task, _ in halves.pointer[task] = smallest.pointer[0] * 0.5 }
        #expect(halves.elements.allSatisfy { $0 == 0 })
    }
}
