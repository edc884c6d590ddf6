import Launch

// A target for what a scheduler writes into the environment.
extension FuzzTarget {
    /// The list of a step's nodes. Its first name is a list of one, whose first name it is.
    static let nodes = FuzzTarget("nodes", longestInput: 1024) { input in
        let text = String(decoding: input, as: UTF8.self)
        let first = try SlurmNodeList(text).first
        try require(try SlurmNodeList(first).first == first, "a name is read in another way than the list")
        try require(
            (1...253).contains(first.utf8.count) && !first.utf8.contains { [44, 91, 93].contains($0) },
            "`\(first)` is no name")
    }
}
