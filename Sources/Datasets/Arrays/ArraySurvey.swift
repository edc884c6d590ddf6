/// The findings about the numbers of an array that are about to become features.
struct ArraySurvey {
    /// The number that has to be subtracted from each channel.
    let offsets: [Double]
    let notes: [DataNote]

    /// An array with more columns has images or spectra rather than columns that mean something each.
    private static let mostColumns = 256

    /// - Parameter isTable: whether a channel is a column, whose meaning its numbers may tell.
    init(
        _ numbers: some RandomAccessCollection<Double>, _ channels: ArrayChannels, isTable: Bool,
        of path: String
    ) {
        guard isTable, channels.count <= Self.mostColumns else {
            offsets = channels.offsets(of: numbers)
            notes = Self.shiftNotes(offsets, path, "channel")
            return
        }
        var facts = Array(repeating: ColumnFacts(mostNames: 0, sampling: false), count: channels.count)
        let unwritten = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        var column = 0
        for number in numbers {
            // A number that no Float can hold is an error, which names its place.
            if Float(number).isFinite { facts[column].add(number, unwritten) }
            column += 1
            if column == channels.count { column = 0 }
        }
        offsets = facts.map(\.offset)
        let columns = Array(facts.indices)
        let notes = ColumnNotes(
            path: path, names: columns.map { String($0) }, facts: facts,
            kinds: facts.map { $0.kind(isKey: false) }, features: columns, numbers: columns,
            leavingOut: { columns in
                "to leave \(columns.count == 1 ? "it" : "them") out, save the array without:"
                    + " numpy.delete(x, \(columns), axis=1)"
            })
        self.notes = notes.rowNumbers + notes.constants + notes.dayNumbers + notes.precision + notes.copies
    }

    /// Says which numbers lie far from 0.
    /// - Parameter what: "channel", or "target" for the values to predict.
    static func shiftNotes(_ offsets: [Double], _ path: String, _ what: String) -> [DataNote] {
        let shifted = offsets.indices.filter { offsets[$0] != 0 }
        guard !shifted.isEmpty else { return [] }
        return [ColumnNotes.shift(path, shifted.map { ("\(what) \($0)", offsets[$0]) })]
    }
}
