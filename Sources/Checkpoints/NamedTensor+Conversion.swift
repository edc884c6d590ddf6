// Conversion of other floating-point types to `Float`.
extension NamedTensor {
    /// Copies the elements of any floating-point type, rounded to `Float`; nil for integers.
    package func convertedFloats() -> [Float]? {
        switch type {
        case .float32: floats()
        case .float64: words(UInt64.self) { Float(Double(bitPattern: $0)) }
        case .bfloat16: words(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .float16: words(UInt16.self, Self.half)
        case .int64, .int32, .uint8: nil
        }
    }

    private func words<Word: FixedWidthInteger>(_: Word.Type, _ convert: (Word) -> Float) -> [Float] {
        withUnsafeBytes { bytes in
            (0..<elementCount).map {
                convert(
                    Word(
                        littleEndian: bytes.loadUnaligned(
                            fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self)))
            }
        }
    }

    /// IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. A `Float` holds every such
    /// number.
    private static func half(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1f
        let fraction = UInt32(bits & 0x3ff)
        switch exponent {
        case 0: return (sign == 0 ? 1 : -1) * Float(fraction) * 0x1p-24
        case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
