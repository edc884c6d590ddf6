import Cluster
import Testing
import Transport

/// The connections that members dial: refused, held until their generation forms, or closed.
@Suite struct MeshAdmissionTests {
    private func generation(_ counter: UInt32, incarnation: UInt32 = 1) -> FrameGeneration {
        FrameGeneration(incarnation: incarnation, counter: counter)
    }

    @Test func earlyConnections() {
        var early = EarlyConnections<String>()
        for (name, counter) in [("a", 3), ("b", 4), ("c", 2), ("d", 3), ("e", 5)] as [(String, UInt32)] {
            #expect(early.add(name, of: generation(counter)) == true)
        }
        #expect(
            early.add("f", of: generation(9, incarnation: 0)) == true, "the coordinator has restarted since")
        let (arrived, outdated) = early.form(generation(3))
        #expect(arrived == ["a", "d"])
        #expect(outdated == ["c", "f"])
        let (nobody, none) = early.form(generation(3))
        #expect(nobody.isEmpty && none.isEmpty, "each is handed over once")
        let (next, skipped) = early.form(generation(5))
        #expect(next == ["e"] && skipped == ["b"])
        #expect(early.removeAll() == [])
    }

    @Test func noMoreThanAnybodyNeeds() {
        var early = EarlyConnections<Int>()
        for number in 0..<EarlyConnections<Int>.most { #expect(early.add(number, of: generation(7)) == true) }
        #expect(early.add(-1, of: generation(7)) == false)
        #expect(early.form(generation(7)).arrived == Array(0..<EarlyConnections<Int>.most))
        #expect(early.add(-1, of: generation(8)) == true)
        #expect(early.removeAll() == [-1])
    }

    @Test func refusals() {
        func refusal(_ counter: UInt32, of job: String = "job", in current: FrameGeneration?) -> String? {
            let greeting = MeshGreeting(
                job: job, generation: generation(counter), from: 1, to: 0, isUrgent: false)
            return ConnectionPurpose.mesh(greeting).refusal(byMemberOf: "job", in: current)
        }
        #expect(refusal(3, in: generation(3)) == nil)
        #expect(refusal(4, in: generation(3)) == nil, "this worker will hear of it soon")
        #expect(refusal(3, in: nil) == nil)
        #expect(refusal(3, in: generation(4)) == "that generation has ended here")
        #expect(refusal(9, in: generation(1, incarnation: 2)) == "that generation has ended here")
        #expect(refusal(3, of: "other", in: nil) == "this worker belongs to another job")
        let heartbeat = ConnectionPurpose.heartbeat(worker: 1)
        #expect(heartbeat.refusal(byMemberOf: "job", in: nil)?.contains("coordinator's port") == true)
        let greeting = MeshGreeting(job: "job", generation: generation(1), from: 1, to: 0, isUrgent: true)
        #expect(ConnectionPurpose.mesh(greeting).refusal(byMemberOf: nil, in: nil) != nil)
    }
}
