/// The kinds of updates along the flat vector: which runs are regularised, which are decayed, and the factor
/// of each one's learning rate. Runs begin at tensors, and so at multiples of 16. Padding belongs to the
/// tensor before it.
package struct UpdateTable: Equatable, Sendable {
    package struct Kind: Hashable, Sendable {
        package let isRegularized: Bool
        package let isDecayed: Bool
        package let rateFactor: Double

        package init(isRegularized: Bool, isDecayed: Bool, rateFactor: Double) {
            (self.isRegularized, self.isDecayed) = (isRegularized, isDecayed)
            self.rateFactor = rateFactor
        }
    }

    /// The few distinct kinds.
    package let kinds: [Kind]
    /// The first index of each run, ascending from 0, and its index in `kinds`. A run ends where the next one
    /// begins.
    private let starts: [Int]
    private let kindOf: [Int]

    /// - Parameters:
    ///   - isRegularized: weights have a penalty.
    ///   - decayed: the tensors that the rule decays; nil: none.
    ///   - rateFactor: of a tensor's learning rate, by its name.
    package init(
        _ layout: ParameterLayout, isRegularized: Bool, decayed: DecayedTensors?,
        rateFactor: (String) -> Double
    ) {
        var (kinds, starts, kindOf) = ([Kind](), [Int](), [Int]())
        for tensor in layout.tensors {
            let kind = Kind(
                isRegularized: isRegularized && tensor.role == .weight,
                isDecayed: decayed?.contains(tensor) ?? false, rateFactor: rateFactor(tensor.name))
            let index = kinds.firstIndex(of: kind) ?? kinds.count
            if index == kinds.count { kinds.append(kind) }
            if kindOf.last == index { continue }
            starts.append(starts.isEmpty ? 0 : tensor.range.lowerBound)
            kindOf.append(index)
        }
        self.kinds = kinds
        self.starts = starts
        self.kindOf = kindOf
    }

    /// Calls `body` with the parts of a run that are updated alike, in order, and their kind.
    package func forEach(in range: Range<Int>, _ body: (Range<Int>, Int) -> Void) {
        var run = index(of: range.lowerBound)
        var start = range.lowerBound
        while start < range.upperBound {
            let end = run + 1 < starts.count ? min(range.upperBound, starts[run + 1]) : range.upperBound
            body(start..<end, kindOf[run])
            (start, run) = (end, run + 1)
        }
    }

    /// The run that holds a position of the flat vector.
    private func index(of position: Int) -> Int {
        var (low, high) = (0, starts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= position { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
