/// The name by which the processes of one job find each other, and the ports that follow from it.
package struct Rendezvous: Equatable, Sendable {
    /// Bytes of the longest name.
    package static let longest = 128
    /// The number of consecutive ports that a name stands for.
    package static let portCount: UInt16 = 8

    package let name: String

    /// Nil if the text is no name: 1 to 128 visible characters of ASCII, without blanks.
    package init?(_ text: String) {
        guard (1...Self.longest).contains(text.utf8.count), text.utf8.allSatisfy({ (33...126).contains($0) })
        else { return nil }
        name = text
    }

    /// Makes a name of any text that a launcher gives its job: what no name holds is left out, and of a long
    /// text its end remains, which differs most.
    init?(of launcher: String, _ text: String) {
        let visible = text.utf8.filter { (33...126).contains($0) }
        guard !visible.isEmpty else { return nil }
        let room = Self.longest - launcher.utf8.count - 1
        self.init("\(launcher)-\(String(decoding: visible.suffix(room), as: UTF8.self))")
    }

    /// The ports at which rank 0 may listen: the first free one of eight consecutive ones from 20000 to
    /// 27999.
    package var ports: ClosedRange<UInt16> {
        let first = 20_000 + Self.portCount * UInt16(Self.hash(name) % 1000)
        return first...first + Self.portCount - 1
    }

    /// FNV-1a with 64 bits.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
