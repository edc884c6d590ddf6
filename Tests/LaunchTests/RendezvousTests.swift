import Launch
import Testing

/// The names of jobs, and the ports that follow from them.
@Suite struct RendezvousTests {
    @Test(arguments: ["a", "slurm-1.0", "prterun-node1-4711@1", String(repeating: "~", count: 128)])
    func aName(text: String) {
        #expect(Rendezvous(text)?.name == text)
    }

    @Test(arguments: ["", "a b", "ä", "a\n", "\u{7f}", String(repeating: "a", count: 129)])
    func noName(text: String) {
        #expect(Rendezvous(text) == nil)
    }

    /// FNV-1a of 64 bits, computed by Python: `h = (h ^ byte) * 0x100000001b3 % 2**64`, from
    /// 0xcbf29ce484222325; the first port is 20000 + 8 (h % 1000).
    @Test(arguments: [("mine", 25040), ("slurm-123.4", 26808), ("job-digits", 25864)])
    func ports(name: String, first: UInt16) throws {
        #expect(try #require(Rendezvous(name)).ports == first...first + 7)
    }

    /// Ports that the system gives to others on its own begin at 32768.
    @Test func allPortsAreInTheRange() throws {
        for number in 0..<5000 {
            let ports = try #require(Rendezvous("slurm-\(number).0")).ports
            #expect(ports.lowerBound >= 20_000 && ports.upperBound < 28_000 && ports.count == 8)
        }
    }
}
