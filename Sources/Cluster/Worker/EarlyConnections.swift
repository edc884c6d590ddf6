import Transport

/// The connections to a generation that has not formed here yet: a member that learned of it sooner has
/// dialled.
package struct EarlyConnections<Held> {
    /// More are not kept: nobody needs so many.
    package static var most: Int { 512 }

    private var held: [(generation: FrameGeneration, connection: Held)] = []

    package init() {}

    /// False: there is no room, and the connection is not kept.
    package mutating func add(_ connection: Held, of generation: FrameGeneration) -> Bool {
        guard held.count < Self.most else { return false }
        held.append((generation, connection))
        return true
    }

    /// A generation forms: returns its connections, and those of older generations, which nobody will want.
    /// Those of later generations stay.
    package mutating func form(_ generation: FrameGeneration) -> (arrived: [Held], outdated: [Held]) {
        let arrived = held.filter { $0.generation == generation }.map(\.connection)
        let outdated = held.filter { !$0.generation.isAtLeast(generation) }.map(\.connection)
        held.removeAll { $0.generation == generation || !$0.generation.isAtLeast(generation) }
        return (arrived, outdated)
    }

    package mutating func removeAll() -> [Held] {
        defer { held = [] }
        return held.map(\.connection)
    }
}

extension FrameGeneration {
    /// Whether this generation is the other one or a later one.
    package func isAtLeast(_ other: FrameGeneration) -> Bool {
        (incarnation, counter) >= (other.incarnation, other.counter)
    }
}
