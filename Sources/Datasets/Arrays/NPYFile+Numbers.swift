extension NPYFile {
    /// The numbers of an array in row-major order, converted when they are asked for.
    struct Numbers: RandomAccessCollection {
        let bytes: [UInt8]
        let element: NPYFile.Element
        let isBigEndian: Bool

        var startIndex: Int { 0 }
        var endIndex: Int { bytes.count / element.byteCount }

        @inline(__always)
        subscript(index: Int) -> Double {
            switch element {
            case .float(8): Double(bitPattern: load(index, as: UInt64.self))
            case .float(4): Double(Float(bitPattern: load(index, as: UInt32.self)))
            case .float: Self.half(load(index, as: UInt16.self))
            case .bool, .unsigned(1): Double(bytes[index])
            case .unsigned: Double(bits(index))
            case .signed: Double(signed(index))
            case .text, .byteText: preconditionFailure("Numbers are read from arrays of numbers")
            }
        }

        /// The element if it is a whole number that fits; otherwise nil.
        func integer(_ index: Int) -> Int? {
            switch element {
            case .signed: Int(signed(index))
            case .float: Int(exactly: self[index])
            default: Int(exactly: bits(index))
            }
        }

        /// The bits of an element in the low bytes of a word.
        func bits(_ index: Int) -> UInt64 {
            switch element.byteCount {
            case 1: UInt64(bytes[index])
            case 2: UInt64(load(index, as: UInt16.self))
            case 4: UInt64(load(index, as: UInt32.self))
            default: load(index, as: UInt64.self)
            }
        }

        private func signed(_ index: Int) -> Int64 {
            let unused = UInt64(64 - 8 * element.byteCount)
            return Int64(bitPattern: bits(index) << unused) >> Int64(unused)
        }

        @inline(__always)
        private func load<Word: FixedWidthInteger>(_ index: Int, as type: Word.Type) -> Word {
            let word = bytes.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: type)
            }
            return isBigEndian ? Word(bigEndian: word) : Word(littleEndian: word)
        }

        /// Converts IEEE 754 binary16, because Swift does not have Float16 on every platform.
        private static func half(_ bits: UInt16) -> Double {
            let exponent = Int(bits >> 10 & 31)
            let fraction = Double(bits & 1_023)
            let magnitude: Double =
                switch exponent {
                case 0: fraction * 0x1p-24
                case 31: fraction == 0 ? .infinity : .nan
                default: Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
                }
            return bits >> 15 == 0 ? magnitude : -magnitude
        }
    }
}
