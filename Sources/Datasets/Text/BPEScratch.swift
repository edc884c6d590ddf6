/// Memory in which words are merged, one after the other.
final class BPEScratch {
    /// The tokens of the word.
    var ids: [Int32] = []
    /// The rank of the merge of each token with the one behind it.
    private var ranks: [UInt32] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// Candidates, the lowest first: `rank << 32 | position`.
    private var heap: [UInt64] = []

    /// Words of fewer tokens are searched from end to end for each merge.
    private static let mostSearched = 64

    /// Merges neighbours, the lowest rank first and the leftmost of equal ones, until none has a merge.
    func merge(_ table: PairTable) {
        guard ids.count > 1 else { return }
        ranks.removeAll(keepingCapacity: true)
        for index in 1..<ids.count { ranks.append(table.merge(ids[index - 1], ids[index]).rank) }
        ranks.append(PairTable.noRank)
        if ids.count <= Self.mostSearched { mergeBySearch(table) } else { mergeByHeap(table) }
    }

    private func mergeBySearch(_ table: PairTable) {
        while true {
            var best = 0
            var lowest = PairTable.noRank
            for index in ranks.indices where ranks[index] < lowest {
                lowest = ranks[index]
                best = index
            }
            guard lowest != PairTable.noRank else { return }
            ids[best] = table.merge(ids[best], ids[best + 1]).id
            ids.remove(at: best + 1)
            ranks.remove(at: best + 1)
            ranks[best] =
                best + 1 < ids.count ? table.merge(ids[best], ids[best + 1]).rank : PairTable.noRank
            if best > 0 { ranks[best - 1] = table.merge(ids[best - 1], ids[best]).rank }
        }
    }

    /// Merges in a list, with a heap of candidates: n log n for a text that is one word.
    private func mergeByHeap(_ table: PairTable) {
        let count = Int32(ids.count)
        next = Array(1...count)
        previous = Array(-1..<count - 1)
        heap.removeAll(keepingCapacity: true)
        for (position, rank) in ranks.enumerated() where rank != PairTable.noRank {
            push(rank, Int32(position))
        }
        while let (rank, position) = pop() {
            let left = Int(position)
            // The candidate is out of date if one of the two has been merged since.
            guard ranks[left] == rank else { continue }
            let right = Int(next[left])
            ids[left] = table.merge(ids[left], ids[right]).id
            ids[right] = -1
            ranks[right] = PairTable.noRank
            next[left] = next[right]
            if next[left] < count { previous[Int(next[left])] = position }
            setRank(left, table)
            if previous[left] >= 0 { setRank(Int(previous[left]), table) }
        }
        ids.removeAll { $0 < 0 }
    }

    private func setRank(_ position: Int, _ table: PairTable) {
        let right = Int(next[position])
        ranks[position] = right < ids.count ? table.merge(ids[position], ids[right]).rank : PairTable.noRank
        if ranks[position] != PairTable.noRank { push(ranks[position], Int32(position)) }
    }

    // MARK: - The heap

    private func push(_ rank: UInt32, _ position: Int32) {
        heap.append(UInt64(rank) << 32 | UInt64(position))
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2] > heap[child] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func pop() -> (rank: UInt32, position: Int32)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while 2 * parent + 1 < heap.count {
                var child = 2 * parent + 1
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < heap[parent] else { break }
                heap.swapAt(child, parent)
                parent = child
            }
        }
        return (UInt32(top >> 32), Int32(truncatingIfNeeded: top & 0xFFFF_FFFF))
    }
}
