import Cluster
import System
import Testing

@Suite struct FaultPointsTests {
    @Test func noPoints() throws {
        let faults = try FaultPoints(parsing: "")
        #expect(faults.isEmpty)
        #expect(faults.action("worker", "data", 0) == nil)
    }

    /// Each point is met once, by its role, in its phase, after its steps.
    @Test func metOnce() throws {
        let faults = try FaultPoints(
            parsing: "worker:data:0:kill,rank1:update:7:stop,coordinator:step:7:hang")
        #expect(!faults.isEmpty)
        #expect(faults.action("rank1", "update", 6) == nil)
        #expect(faults.action("rank0", "update", 7) == nil)
        #expect(faults.action("rank1", "backward", 7) == nil)
        #expect(faults.action("rank1", "update", 7) == .stop)
        #expect(faults.action("rank1", "update", 7) == nil)
        #expect(faults.action("worker", "data", 0) == .kill)
        #expect(faults.action("coordinator", "step", 7) == .hang)
    }

    @Test func otherOrderForMembers() throws {
        let faults = try FaultPoints(parsing: "backward:2:5:kill")
        #expect(faults.action("rank2", "backward", 5) == .kill)
    }

    @Test func generations() throws {
        let one = try FaultPoints(parsing: "rank0:form:0:kill:2")
        #expect(one.action("rank0", "form", 0, generation: 1) == nil)
        #expect(one.action("rank0", "form", 0, generation: 2) == .kill)
        let any = try FaultPoints(parsing: "rank0:form:0:kill")
        #expect(any.action("rank0", "form", 0, generation: 5) == .kill)
    }

    @Test(arguments: [
        "worker", "worker:data:0", "worker:data:x:kill", "worker:data:-1:kill", "worker:data:0:explode",
        "worker:data:0:kill:x", "worker:data:0:kill:1:2", "rank0:forward:3:flip", "worker:data:0:kill,",
    ])
    func malformed(text: String) {
        if text.hasSuffix(",") {
            #expect(throws: Never.self, "a comma at the end is no point") { try FaultPoints(parsing: text) }
        } else {
            #expect(throws: SystemError.self, "\(text)") { try FaultPoints(parsing: text) }
        }
    }

    @Test func corruptionOfGradients() throws {
        let faults = try FaultPoints(parsing: "rank0:contribution:3:flip,rank1:contribution:3:burst")
        let flip = try #require(faults.action("rank0", "contribution", 3)?.corruption)
        let burst = try #require(faults.action("rank1", "contribution", 3)?.corruption)
        let bits = Float(1.5).bitPattern
        #expect((flip(bits) ^ bits).nonzeroBitCount == 1 && flip(flip(bits)) == bits)
        #expect(Float(bitPattern: flip(bits)).isFinite)
        #expect(!Float(bitPattern: burst(bits)).isFinite)
        #expect(FaultPoints.Action.kill.corruption == nil)
    }

    /// Every phase of the table can be named.
    @Test func phases() throws {
        for (role, phases) in FaultPoints.phases {
            let role = role == "rankN" ? "rank3" : role
            for (phase, meaning) in phases {
                #expect(!meaning.isEmpty)
                let faults = try FaultPoints(parsing: "\(role):\(phase):4:hang")
                #expect(faults.action(role, phase, 4) == .hang)
            }
        }
    }
}
