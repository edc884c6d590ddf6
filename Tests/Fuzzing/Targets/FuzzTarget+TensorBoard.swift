import TensorBoard

// The target for the event files of TensorBoard, which a resumed run reads.
extension FuzzTarget {
    /// The first byte chooses: the rest is a file, or the content of one record, whose checksums are then
    /// right.
    static let events = FuzzTarget("events", longestInput: 2048) { input in
        var input = Input(input)
        let isContent = input.byte() % 2 == 1
        let rest = input.remainder()
        let events = isContent ? [try BoardEvent(rest[...])] : try read(rest)
        // Values of other kinds are passed over, so that only what is written here is the same.
        let written = events.map(\.encoded)
        let again = try read(events.flatMap(\.record))
        try require(again.map(\.encoded) == written, "written and read again they are other events")
        if !isContent {
            let torn = try read(Array((events.flatMap(\.record)).dropLast(1)))
            try require(torn.count == max(0, events.count - 1), "a record that is cut off counts")
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> [BoardEvent] {
        var reader = EventReader(bytes[...])
        var events: [BoardEvent] = []
        while let event = try reader.next() { events.append(event) }
        return events
    }
}
