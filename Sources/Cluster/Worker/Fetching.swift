/// A data set on its way: a window of chunks is asked for at a time.
struct Fetching: @unchecked Sendable {  // the memory waits for the thread that fetches
    private static let window = 4

    let dataset: Int
    private let ticket: DatasetTicket
    private let memory: UnsafeMutableRawBufferPointer
    private var requested = 0
    private var received = 0

    init(dataset: Int, ticket: DatasetTicket, memory: UnsafeMutableRawBufferPointer) {
        (self.dataset, self.ticket, self.memory) = (dataset, ticket, memory)
    }

    mutating func nextRequest() -> DataChunk? {
        guard requested < ticket.chunkCount, requested - received < Self.window else { return nil }
        defer { requested += 1 }
        return DataChunk(dataset: dataset, number: requested)
    }

    /// Chunks come in the order in which they were asked for.
    func destination(_ chunk: DataChunk, bytes: Int) throws -> UnsafeMutableRawBufferPointer {
        guard chunk.dataset == dataset, chunk.number == received, chunk.number < requested,
            ticket.range(ofChunk: chunk.number).count == bytes
        else {
            throw MalformedMessage("the coordinator sent a chunk of data that was not asked for")
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[ticket.range(ofChunk: chunk.number)])
    }

    /// True when it was the last one.
    mutating func arrived() -> Bool {
        received += 1
        return received == ticket.chunkCount
    }
}
