import CSIMD

/// The checksum of frames: CRC32C (RFC 3720, appendix B.4), by the processor's instructions where it has any.
package enum CRC32C {
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { extend(0, bytes) }

    /// Computes the checksum of a message whose beginning has the checksum `crc` and whose rest is `bytes`.
    package static func extend(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        csimd_crc32c(crc, bytes.baseAddress, bytes.count)
    }
}
