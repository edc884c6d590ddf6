import CSIMD
import Testing
import Transport

/// Computes the checksum by its definition, one bit at a time.
private func bitwise(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
}

@Suite struct CRC32CTests {
    @Test func knownVectors() {
        func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }
        #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(checksum([]) == 0)
        // RFC 3720, B.4
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum([UInt8](repeating: 255, count: 32)) == 0x62a8_ab43)
        #expect(checksum((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    }

    @Test func agreesWithTheDefinitionAtEveryAlignment() {
        let bytes = pattern(60_000, seed: 7)
        var lengths =
            Array(0...40) + [
                255, 256, 257, 767, 768, 769, 1535, 1536, 24_575, 24_576, 24_577, 49_152, 59_000,
            ]
        lengths += pattern(40, seed: 3).map { Int($0) * 97 }
        for (index, length) in lengths.enumerated() {
            for offset in [index % 16, (index * 7 + 3) % 16] {
                let slice = bytes[offset..<offset + length]
                let expected = bitwise(slice)
                slice.withUnsafeBytes { raw in
                    #expect(CRC32C.checksum(raw) == expected, "length \(length) offset \(offset)")
                    #expect(
                        csimd_crc32c_instruction(0, raw.baseAddress, raw.count) == expected,
                        "instruction, length \(length) offset \(offset)")
                    #expect(
                        csimd_crc32c_portable(0, raw.baseAddress, raw.count) == expected,
                        "tables, length \(length) offset \(offset)")
                    let cut = length / 3
                    let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<cut]))
                    #expect(
                        CRC32C.extend(first, UnsafeRawBufferPointer(rebasing: raw[cut...])) == expected,
                        "in two parts")
                }
            }
        }
    }
}
