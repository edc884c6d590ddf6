/// Shares equal pieces out among members of different speeds: each, in order, to whoever would be done with it first. No other sharing ends sooner.
///
/// - Parameters:
///   - speeds: pieces in a unit of time, of each member.
///   - ahead: pieces' worth of work that every member has besides.
/// - Returns: the member of each piece.
package func sharedOut(_ pieces: Int, among speeds: [Double], ahead: Double = 0) -> [Int] {
    var counts = [Int](repeating: 0, count: speeds.count)
    return (0..<pieces).map { _ in
        let ends = zip(counts, speeds).map { count, speed in (Double(count + 1) + ahead) / speed }
        let member = ends.min().flatMap(ends.firstIndex(of:)) ?? 0
        counts[member] += 1
        return member
    }
}
