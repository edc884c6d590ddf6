import Collectives

/// The parts of the state that a member of a new generation is sent, in order: what `MissingState` awaits at
/// the other end.
package struct StateShipment {
    package enum Source: Equatable, Sendable {
        case parameters
        /// A range of a moment's flat vector.
        case moment(Int, Range<Int>)
        /// All of the member's pieces of a moment, one after the other.
        case ownedMoment(Int)
        case statistics
    }

    /// Floats that follow each other in a section of the state, and in their source.
    package struct Part: Equatable, Sendable {
        package var section: Int
        /// Floats before the part in its section.
        package var offset: Int
        package var count: Int
        package var source: Source

        package init(section: Int, offset: Int, count: Int, source: Source) {
            self.section = section
            self.offset = offset
            self.count = count
            self.source = source
        }
    }

    package private(set) var parts: [Part] = []
    /// Floats that the member has kept.
    package private(set) var keptCount = 0

    package var count: Int { parts.reduce(0) { $0 + $1.count } }

    /// - Parameters:
    ///   - rank: the member's rank in `partition`.
    ///   - kept: the partition that the snapshot was made with and the member's rank in it, if it took part.
    ///   - parameters: floats of the parameters.
    ///   - moments: moments of the optimizer.
    ///   - statistics: floats of the running statistics.
    package init(
        _ partition: Partition, rank: Int, kept: (partition: Partition, rank: Int)?, parameters: Int,
        moments: Int, statistics: Int
    ) {
        if let kept {
            let (mine, missing) = partition.owned(by: rank, since: kept.partition, oldRank: kept.rank)
            keptCount = parameters + moments * mine.reduce(0) { $0 + $1.new.range.count }
            for moment in 0..<moments {
                for run in missing {
                    add(1 + moment, run.compact, run.range.count, .moment(moment, run.range))
                }
            }
        } else {
            add(0, 0, parameters, .parameters)
            for moment in 0..<moments {
                add(1 + moment, 0, partition.ownedCounts[rank], .ownedMoment(moment))
            }
        }
        add(1 + moments, 0, statistics, .statistics)
    }

    private mutating func add(_ section: Int, _ offset: Int, _ count: Int, _ source: Source) {
        if count > 0 { parts.append(Part(section: section, offset: offset, count: count, source: source)) }
    }
}
