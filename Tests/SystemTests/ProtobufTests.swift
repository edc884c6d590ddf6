import System
import Testing

/// Protocol Buffers, with examples of https://protobuf.dev/programming-guides/encoding/.
@Suite struct ProtobufTests {
    @Test func documentedExamples() {
        var message = ProtobufMessage()
        message.add(1, 150)
        #expect(message.bytes == [0x08, 0x96, 0x01])
        message = ProtobufMessage()
        message.add(2, "testing")
        #expect(message.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        message = ProtobufMessage()
        message.add(1, -2)
        #expect(message.bytes == [0x08, 0xFE] + Array(repeating: 0xFF, count: 8) + [0x01])
        message = ProtobufMessage()
        message.add(1, 1.0)
        message.add(2, Float(1))
        #expect(message.bytes == [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x15, 0, 0, 0x80, 0x3F])
    }

    @Test func whatIsWrittenIsRead() throws {
        var inner = ProtobufMessage()
        inner.add(1, Int.min)
        var message = ProtobufMessage()
        message.add(1, -2)
        message.add(300, 0.1)
        message.add(3, Float(0.1))
        message.add(4, inner)
        var fields = ProtobufFields(message.bytes[...])
        var found: [Int: ProtobufFields.FieldValue] = [:]
        while let field = try fields.next() { found[field.number] = field.value }
        #expect(
            found == [
                1: .varint(UInt64(bitPattern: -2)), 300: .fixed64(0.1.bitPattern),
                3: .fixed32(Float(0.1).bitPattern), 4: .bytes(inner.bytes[...]),
            ])
    }

    @Test(
        arguments: [
            ([0x08], "a number is cut off"),
            ([0x08, 0x80], "a number is cut off"),
            ([0x00, 0x01], "no number and kind of a field"),
            ([0x0B, 0x01], "no number and kind of a field"),
            ([0x09, 1, 2, 3], "a field of 8 bytes ends after 3"),
            ([0x12, 0x05, 0x61], "a field claims 5 bytes, and 1 follow"),
            (
                [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x61],
                "claims 18446744073709551615"
            ),
            ([0x08] + [UInt8](repeating: 0xFF, count: 10), "more than 64 bits"),
        ] as [([UInt8], String)])
    func damagedMessages(bytes: [UInt8], reason: String) {
        var fields = ProtobufFields(bytes[...])
        let error = #expect(throws: SystemError.self) { try fields.next() }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
}
