import CSIMD

/// The checksum of frames: CRC32C by the processor's instructions where it has any (RFC 3720, appendix B.4).
package enum CRC32C {
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { extend(0, bytes) }

    /// The checksum of a message whose beginning has the checksum `crc` and whose rest is `bytes`.
    package static func extend(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        csimd_crc32c(crc, bytes.baseAddress, bytes.count)
    }
}
