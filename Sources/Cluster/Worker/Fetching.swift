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

    mutating func nextRequest() -> Int? {
        guard requested < ticket.chunkCount, requested - received < Self.window else { return nil }
        defer { requested += 1 }
        return requested
    }

    /// Chunks come in the order in which they were asked for.
    func destination(dataset: Int, chunk: Int, bytes: Int) throws -> UnsafeMutableRawBufferPointer? {
        guard dataset == self.dataset, chunk == received, chunk < requested,
            ticket.range(ofChunk: chunk).count == bytes
        else {
            throw MalformedMessage(description: "the coordinator sent a chunk of data that was not asked for")
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[ticket.range(ofChunk: chunk)])
    }

    /// True when it was the last one.
    mutating func arrived() -> Bool {
        received += 1
        return received == ticket.chunkCount
    }
}
