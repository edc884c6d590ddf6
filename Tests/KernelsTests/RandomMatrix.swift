import Kernels

/// Test data of a matrix `[rows, columns]`: reproducible normal values around `center`.
func randomValues(_ count: Int, seed: UInt64, center: Double = 0, deviation: Double = 1) -> FloatBuffer {
    var random = RandomStream(seed: seed, purpose: .test)
    let buffer = FloatBuffer(count: count)
    for i in 0..<count { buffer.pointer[i] = Float(center + deviation * random.normal()) }
    return buffer
}

/// The relative error of one float operation, 2⁻²⁴.
let unitRoundoff = 0x1p-24

/// Shapes `[rows, columns]` with what loops may get wrong: one row, one column, odd counts, rows on either
/// side of the blocks of 128.
let awkwardShapes: [(rows: Int, columns: Int)] = [
    (1, 1), (1, 17), (2, 3), (7, 1), (127, 5), (128, 16), (129, 33), (300, 7), (1000, 2), (33, 1001),
]

/// Collects what a loop over many values finds wrong, to be expected to be `none` at its end: one issue, not
/// thousands.
struct Misses: Equatable {
    static let none = Misses()
    private(set) var count = 0
    private(set) var first: Int?

    mutating func expect(_ isRight: Bool, at index: Int) {
        if isRight { return }
        count += 1
        if first == nil { first = index }
    }
}
