import Cluster
import Testing
import Transport

@Suite struct RejectionRecordTests {
    @Test func theFirstAreNamedAndTheOthersCounted() {
        var record = RejectionRecord()
        #expect(record.end() == nil)
        for number in 1...3 {
            let (text, isFirst) = record.add(.spokeHTTP(peer: "10.0.0.9:\(number)"))
            #expect(
                text
                    == "a connection was turned away: 10.0.0.9:\(number) does not speak dist-train's protocol, but HTTP; check the host and the port"
            )
            #expect(isFirst == (number == 1))
        }
        for _ in 0..<27 { #expect(record.add(.spokeHTTP(peer: "a")).text == nil) }
        for _ in 0..<11 {
            #expect(record.add(.timedOut(peer: "b", during: "handshake", seconds: 10)) == (nil, false))
        }
        #expect(
            record.end()
                == "41 connections in the last 10 s did not prove that they know the token: 30 spoke HTTP, 11 said nothing, or not enough in time"
        )
        // The next window begins anew.
        #expect(record.end() == nil)
        #expect(
            record.add(.tokensDiffer(peer: "c")).text?.hasPrefix(
                "a connection was turned away: the token of c differs") == true)
        #expect(record.end() == nil)
    }
}
