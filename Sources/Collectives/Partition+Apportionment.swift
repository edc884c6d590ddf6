extension Partition {
    /// Apportions equal pieces of work to members of different speeds: each piece, in order, goes to the
    /// member that would finish it first. No other apportionment ends sooner.
    ///
    /// - Parameters:
    ///   - pieces: the number of pieces.
    ///   - speeds: pieces per unit of time of each member, greater than 0.
    ///   - ahead: work that every member has besides, in pieces.
    /// - Returns: the member of each piece.
    package static func apportion(_ pieces: Int, among speeds: [Double], ahead: Double = 0) -> [Int] {
        var counts = [Int](repeating: 0, count: speeds.count)
        return (0..<pieces).map { _ in
            let ends = zip(counts, speeds).map { count, speed in (Double(count + 1) + ahead) / speed }
            let member = ends.min().flatMap(ends.firstIndex(of:)) ?? 0
            counts[member] += 1
            return member
        }
    }
}
