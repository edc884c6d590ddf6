/// The tokens with the largest logits, the largest first; between equal logits the lower token comes first.
///
/// A heap keeps the best ones so far, with the worst of them on top: most tokens of a large vocabulary cost
/// one comparison.
struct MostProbableTokens {
    private(set) var tokens: [Int] = []

    /// - Parameter count: from 1 to the number of logits.
    init(_ count: Int, of logits: UnsafeBufferPointer<Float>) {
        func comesFirst(_ one: Int, _ other: Int) -> Bool {
            logits[one] == logits[other] ? one < other : logits[one] > logits[other]
        }
        guard count * 8 < logits.count else {
            tokens = Array(logits.indices.sorted(by: comesFirst).prefix(count))
            return
        }
        var heap = Array(logits.indices.prefix(count))
        for root in (0..<count / 2).reversed() { Self.sink(root, in: &heap, comesFirst) }
        for token in logits.indices.dropFirst(count) where logits[token] > logits[heap[0]] {
            heap[0] = token
            Self.sink(0, in: &heap, comesFirst)
        }
        tokens = heap.sorted(by: comesFirst)
    }

    /// Moves a token down until no child comes behind it.
    private static func sink(
        _ root: Int, in heap: inout [Int], _ comesFirst: (_ one: Int, _ other: Int) -> Bool
    ) {
        var root = root
        while 2 * root + 1 < heap.count {
            let (left, right) = (2 * root + 1, 2 * root + 2)
            let worse = right < heap.count && comesFirst(heap[left], heap[right]) ? right : left
            guard comesFirst(heap[root], heap[worse]) else { return }
            heap.swapAt(root, worse)
            root = worse
        }
    }
}
