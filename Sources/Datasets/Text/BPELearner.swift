/// The words of a text and the pairs in them, while merges are learned.
struct BPELearner {
    struct Pair: Hashable {
        let left: Int32
        let right: Int32
    }

    /// Spellings by id.
    private(set) var tokens: [[UInt8]]
    private(set) var merges: [Pair] = []
    private var words: [[Int32]]
    private let wordCounts: [Int]
    private var ids: [[UInt8]: Int32]
    /// How often a pair is there. That of a pair that has been merged is not set back, as in `tokenizers`: it
    /// counts if a token that exists already is made once more of other parts.
    private var pairCounts: [Pair: Int] = [:]
    private var queue = Queue()

    init(words: [(word: [Int32], count: Int)], tokens: [[UInt8]]) {
        self.words = words.map(\.word)
        wordCounts = words.map(\.count)
        self.tokens = tokens
        ids = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($0.element, Int32($0.offset)) })
    }

    mutating func learn(vocabularySize: Int, minimumFrequency: Int, _ progress: (Int) throws -> Void) rethrows
    {
        var places: [Pair: [Int32]] = [:]
        for (index, word) in words.enumerated() {
            for (left, right) in zip(word, word.dropFirst()) {
                change(Pair(left: left, right: right), by: 1, in: index, &places)
            }
        }
        enqueue(places)
        while tokens.count < vocabularySize, var top = queue.pop() {
            let count = pairCounts[top.pair] ?? 0
            if top.count != count {
                top.count = count
                queue.push(top)
                continue
            }
            if count < 1 || count < minimumFrequency { return }
            merge(top)
            try progress(tokens.count)
        }
    }

    /// The merges without those that come once more later: the last place counts.
    var lastMerges: [Pair] {
        var last: [Pair: Int] = [:]
        for (rank, pair) in merges.enumerated() { last[pair] = rank }
        return merges.enumerated().filter { last[$0.element] == $0.offset }.map(\.element)
    }

    private mutating func change(_ pair: Pair, by sign: Int, in word: Int, _ places: inout [Pair: [Int32]]) {
        pairCounts[pair, default: 0] += sign * wordCounts[word]
        guard sign > 0 else { return }
        // Words come one after the other, so that a word's pair was added last if it was added.
        if places[pair]?.last != Int32(word) { places[pair, default: []].append(Int32(word)) }
    }

    private mutating func enqueue(_ places: [Pair: [Int32]]) {
        for (pair, words) in places {
            let count = pairCounts[pair] ?? 0
            if count > 0 { queue.push(Candidate(pair: pair, count: count, words: words)) }
        }
    }

    private mutating func merge(_ top: Candidate) {
        let token = tokens[Int(top.pair.left)] + tokens[Int(top.pair.right)]
        let id = ids[token] ?? Int32(tokens.count)
        if Int(id) == tokens.count {
            tokens.append(token)
            ids[token] = id
        }
        merges.append(top.pair)
        var places: [Pair: [Int32]] = [:]
        for word in top.words { merge(top.pair, into: id, in: Int(word), &places) }
        enqueue(places)
    }

    /// Merges a pair in one word, from left to right.
    private mutating func merge(_ pair: Pair, into id: Int32, in index: Int, _ places: inout [Pair: [Int32]])
    {
        var word = words[index]
        var merged = 0
        var next = 0
        while next < word.count {
            guard word[next] == pair.left, next + 1 < word.count, word[next + 1] == pair.right else {
                word[merged] = word[next]
                merged += 1
                next += 1
                continue
            }
            if merged > 0 {
                change(Pair(left: word[merged - 1], right: pair.left), by: -1, in: index, &places)
                change(Pair(left: word[merged - 1], right: id), by: 1, in: index, &places)
            }
            if next + 2 < word.count {
                change(Pair(left: pair.right, right: word[next + 2]), by: -1, in: index, &places)
                change(Pair(left: id, right: word[next + 2]), by: 1, in: index, &places)
            }
            word[merged] = id
            merged += 1
            next += 2
        }
        word.removeLast(word.count - merged)
        words[index] = word
    }
}

extension BPELearner {
    /// A pair with the words in which it is, and the count that it had when it was queued.
    struct Candidate {
        let pair: Pair
        var count: Int
        let words: [Int32]

        /// Whether it is merged before another: the more frequent pair, then the one with the lower ids.
        func precedes(_ other: Candidate) -> Bool {
            if count != other.count { return count > other.count }
            return (pair.left, pair.right) < (other.pair.left, other.pair.right)
        }
    }

    /// A heap of candidates.
    struct Queue {
        private var heap: [Candidate] = []

        mutating func push(_ candidate: Candidate) {
            heap.append(candidate)
            var child = heap.count - 1
            while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func pop() -> Candidate? {
            guard let top = heap.first, let last = heap.popLast() else { return nil }
            guard !heap.isEmpty else { return top }
            heap[0] = last
            var parent = 0
            while 2 * parent + 1 < heap.count {
                var child = 2 * parent + 1
                if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
                guard heap[child].precedes(heap[parent]) else { break }
                heap.swapAt(child, parent)
                parent = child
            }
            return top
        }
    }
}
