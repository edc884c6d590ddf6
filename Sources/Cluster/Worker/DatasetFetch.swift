/// A data set on its way. The chunks are asked for in order, a window of them at a time, and arrive in that
/// order.
package struct DatasetFetch: @unchecked Sendable {  // the memory waits for the thread that fetches
    /// Chunks that may be under way.
    package static let window = 4

    private let dataset: Int
    private let ticket: DatasetTicket
    private let memory: UnsafeMutableRawBufferPointer
    private var requested = 0
    private var received = 0

    /// - Parameters:
    ///   - dataset: its position in the welcome.
    ///   - memory: room for the whole data set.
    package init(dataset: Int, ticket: DatasetTicket, memory: UnsafeMutableRawBufferPointer) {
        precondition(memory.count == ticket.byteCount, "a data set has memory of its size")
        self.dataset = dataset
        self.ticket = ticket
        self.memory = memory
    }

    /// Returns the chunks that are to be asked for now.
    package mutating func nextRequests() -> [DataChunk] {
        let end = min(ticket.chunkCount, received + Self.window)
        defer { requested = max(requested, end) }
        return (requested..<max(requested, end)).map { DataChunk(dataset: dataset, number: $0) }
    }

    /// Returns the memory of a chunk that arrives.
    package func destination(_ chunk: DataChunk, bytes: Int) throws(MalformedMessage)
        -> UnsafeMutableRawBufferPointer
    {
        guard chunk.dataset == dataset, chunk.number == received, chunk.number < requested,
            ticket.range(ofChunk: chunk.number).count == bytes
        else { throw MalformedMessage("the coordinator sent a chunk of data that was not asked for") }
        return UnsafeMutableRawBufferPointer(rebasing: memory[ticket.range(ofChunk: chunk.number)])
    }

    /// Counts the chunk that has arrived at its destination, and returns whether it was the last one.
    package mutating func arrived() -> Bool {
        received += 1
        return received == ticket.chunkCount
    }
}
