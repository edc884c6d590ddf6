/// The least or the greatest of some numbers, how often it occurs, and the number next to it.
struct ExtremeNumber {
    /// 1 for the greatest number, -1 for the least: `value` and `next` are multiplied by it.
    private let sign: Double
    private var value = -Double.infinity
    private var next = -Double.infinity
    private(set) var count = 0
    /// The number as it is written, if it is one that often stands for a missing value; empty otherwise.
    private(set) var spelling = ""

    /// Numbers that programs write for a missing value, without their sign.
    private static let usualMarks: [Double] = [
        99, 999, 9_999, 99_999, 999_999, 9_999_999, 99_999_999, 999_999_999, 32_767, 32_768, 2_147_483_647,
        2_147_483_648,
    ]

    init(isGreatest: Bool) { sign = isGreatest ? 1 : -1 }

    /// - Parameter cell: the number as it is written; empty for a number that is not written in digits.
    @inline(__always)
    mutating func add(_ number: Double, _ cell: UnsafeBufferPointer<UInt8>) {
        let number = sign * number
        if number > next { insert(number, cell) }
    }

    private mutating func insert(_ number: Double, _ cell: UnsafeBufferPointer<UInt8>) {
        if number == value {
            count += 1
        } else if number < value {
            next = number
        } else {
            next = value
            value = number
            count = 1
            let isMark = number.magnitude >= 1e19 || Self.usualMarks.contains(number.magnitude)
            spelling = isMark ? String(decoding: cell, as: UTF8.self) : ""
        }
    }

    /// The bound of the numbers that are no such mark.
    private var bound: Double { sign * (spelling.isEmpty ? value : next) }

    /// Whether the number stands for a missing value, as it seems: it is one of the usual marks, occurs twice
    /// or more, and lies far from the others, or is the only one below 0.
    /// - Parameter other: the other end of the numbers.
    func isMark(beside other: ExtremeNumber) -> Bool {
        guard !spelling.isEmpty, count > 1, next.isFinite, other.bound.isFinite else { return false }
        let isAlone = sign < 0 && value > 0 && next <= 0
        return isAlone || value - next > (bound - other.bound).magnitude
    }
}
