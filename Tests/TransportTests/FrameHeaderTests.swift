import CSIMD
import Testing
import Transport

@Suite struct FrameHeaderTests {
    /// The bytes on the wire are written down by hand: a change here needs a new protocol version.
    @Test func layout() {
        let header = FrameHeader(
            kind: 0x07, flags: 0x81,
            generation: FrameGeneration(incarnation: 0x0102_0304, counter: 0x1112_1314),
            step: 0x2122_2324_2526_2728, index: 0x3132_3334,
            detail: 0x4142_4344_5152_5354)
        let frame = header.encoded(payload: [0xaa, 0xbb])
        #expect(
            Array(frame[..<40]) == [
                0x44, 0x54, 0x52, 0x4e, 4, 0, 0x07, 0x81, 2, 0, 0, 0, 0x04, 0x03, 0x02, 0x01,
                0x14, 0x13, 0x12, 0x11, 0x34, 0x33, 0x32, 0x31, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22,
                0x21,
                0x54, 0x53, 0x52, 0x51, 0x44, 0x43, 0x42, 0x41,
            ])
        #expect(frame.count == 50)
        func little(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        #expect(Array(frame[40..<44]) == little(csimd_crc32c_portable(0, Array(frame[..<40]), 40)))
        let covered = Array(frame[..<44]) + [0xaa, 0xbb]
        #expect(Array(frame[44..<48]) == little(csimd_crc32c_portable(0, covered, covered.count)))
    }
}
