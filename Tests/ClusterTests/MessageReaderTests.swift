import Cluster
import Testing

@Suite struct MessageReaderTests {
    private func read<Value: MessageValue>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try bytes.withUnsafeBytes { try Value(decoding: $0, named: "test") }
    }

    /// Exactly one byte means true, and one false.
    @Test func flagsAreZeroOrOne() {
        for byte in UInt8.min ... .max {
            #expect((try? read(Bool.self, [byte])) == (byte == 0 ? false : byte == 1 ? true : nil))
        }
    }

    /// Numbers travel as their bits, not as their values: −0 and NaN payloads too.
    @Test func numbersTravelAsBits() throws {
        let floats: [Float] = [-0.0, Float(bitPattern: 0x7FC0_1234), .leastNonzeroMagnitude, -.infinity]
        #expect(try read([Float].self, floats.encoded).map(\.bitPattern) == floats.map(\.bitPattern))
        let double = Double(bitPattern: 0x7FF8_0000_0000_0042)
        #expect(try read(Double.self, double.encoded).bitPattern == double.bitPattern)
        #expect(try read(Int.self, Int.min.encoded) == .min)
        #expect(UInt16(0x1234).encoded == [0x34, 0x12], "the lowest byte first")
    }

    @Test func listsAndOptionals() throws {
        #expect([UInt8(7), 8].encoded == [2, 0, 0, 0, 7, 8])
        #expect("é".encoded == [2, 0, 0, 0, 0xC3, 0xA9])
        #expect(UInt8?(7).encoded == [1, 7] && UInt8?.none.encoded == [0])
        let nested: [[String]?] = [["a", ""], nil, []]
        #expect(try read([[String]?].self, nested.encoded) == nested)
    }

    /// A length is believed only if so many bytes are there.
    @Test(arguments: [UInt32(1) << 31, .max, 1 << 24, 9])
    func hugeLengths(length: UInt32) {
        let bytes = length.encoded + Array(repeating: UInt8(0), count: 8)
        #expect(throws: MalformedMessage.self) { try read([UInt8].self, bytes) }
        #expect(throws: MalformedMessage.self) { try read(String.self, bytes) }
        #expect(throws: MalformedMessage("a message `test` is malformed at byte 4 of 12")) {
            try read([Int].self, bytes)
        }
    }

    @Test func textMustBeUTF8() {
        #expect(throws: MalformedMessage.self) { try read(String.self, [UInt8(0xC3), 0x28].encoded) }
    }

    /// The advice stands in one place, behind every fault.
    @Test func sentenceOfTheError() {
        #expect(
            "\(MalformedMessage("rank 2 sent nonsense"))"
                == "rank 2 sent nonsense; check that both sides run the same version")
    }
}
