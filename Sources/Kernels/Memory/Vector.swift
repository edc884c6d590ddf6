/// The vector of the hot loops: 16 floats in one, two or four registers, with the same arithmetic for each
/// element.
typealias Vector = SIMD16<Float>

extension SIMD16 where Scalar == Float {
    @inline(__always)
    init(at pointer: UnsafePointer<Float>) {
        self = UnsafeRawPointer(pointer).loadUnaligned(as: Self.self)
    }

    @inline(__always)
    func store(at pointer: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Self.self)
    }

    @inline(__always)
    init(bits: SIMD16<Int32>) {
        self = unsafeBitCast(bits, to: Self.self)
    }

    @inline(__always)
    var bits: SIMD16<Int32> { unsafeBitCast(self, to: SIMD16<Int32>.self) }
}
