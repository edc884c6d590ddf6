/// The assignment of microbatches to members: contiguous ranges that cover `0..<microbatches`. Some may be
/// empty.
package struct Assignment: Equatable, Sendable {
    /// Member r computes the microbatches `cuts[r]..<cuts[r + 1]`.
    package let cuts: [Int]

    /// Creates an assignment; nil unless the cuts begin at 0 and never fall.
    package init?(cuts: [Int]) {
        guard cuts.count >= 2, cuts[0] == 0, zip(cuts, cuts.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return nil
        }
        self.cuts = cuts
    }

    /// Creates an assignment as even as whole microbatches allow.
    package init(even microbatches: Int, members: Int) {
        cuts = (0...members).map { $0 * microbatches / members }
    }

    package var members: Int { cuts.count - 1 }
    package var microbatches: Int { cuts[cuts.count - 1] }
    package func range(of member: Int) -> Range<Int> { cuts[member]..<cuts[member + 1] }
}
