import Cluster
import Telemetry
import Testing
import Transport

@Suite struct RejectionRecordTests {
    @Test func theFirstAreNamedAndTheOthersCounted() {
        var record = RejectionRecord()
        #expect(record.end() == nil)
        for number in 1...3 {
            let error = TransportError.spokeHTTP(peer: "10.0.0.9:\(number)")
            let (event, isFirst) = record.add(error)
            #expect(event == .rejected(reason: "\(error)"))
            #expect(isFirst == (number == 1))
        }
        for _ in 0..<27 { #expect(record.add(.spokeHTTP(peer: "a")).event == nil) }
        for _ in 0..<11 {
            #expect(record.add(.timedOut(peer: "b", during: "handshake", seconds: 10)) == (nil, false))
        }
        #expect(
            record.end()
                == .rejectedMany(
                    count: 41, seconds: 10,
                    kinds: [
                        NamedCount("spoke HTTP", 30), NamedCount("said nothing, or not enough in time", 11),
                    ])
        )
        // The next window begins anew.
        #expect(record.end() == nil)
        #expect(
            record.add(.tokensDiffer(peer: "c")).event
                == .rejected(reason: "\(TransportError.tokensDiffer(peer: "c"))"))
        #expect(record.end() == nil)
    }

    /// Workers of another job come again and again until they have found theirs.
    @Test func anotherJobIsToldOnce() {
        var record = RejectionRecord()
        let error = TransportError.otherJob(peer: "a", sentence: "the worker belongs to `b`")
        #expect(record.add(error) == (.rejected(reason: "\(error)"), false))
        for _ in 0..<9 { #expect(record.add(error) == (nil, false)) }
        #expect(record.end() == nil, "they do not count among strangers")
    }
}
