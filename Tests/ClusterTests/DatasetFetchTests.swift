import Cluster
import Testing

/// A data set is asked for in a window of chunks, and arrives in order.
@Suite struct DatasetFetchTests {
    private static let chunk = 1 << 20

    /// Runs a fetch against a source that answers each request; returns the requests of each turn.
    private func fetch(bytes: Int) throws -> (turns: [[Int]], data: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
        defer { memory.deallocate() }
        let ticket = DatasetTicket(role: .train, hash: [], byteCount: bytes)
        var fetch = DatasetFetch(dataset: 2, ticket: ticket, memory: memory)
        var (turns, underWay, isComplete) = ([[Int]](), [DataChunk](), false)
        while !isComplete {
            let requests = fetch.nextRequests()
            #expect(requests.allSatisfy { $0.dataset == 2 })
            turns.append(requests.map(\.number))
            underWay += requests
            #expect(underWay.count <= DatasetFetch.window)
            let next = try #require(underWay.first)
            let range = ticket.range(ofChunk: next.number)
            let destination = try fetch.destination(next, bytes: range.count)
            for i in 0..<range.count { destination[i] = Self.byte(range.lowerBound + i) }
            underWay.removeFirst()
            isComplete = fetch.arrived()
        }
        #expect(underWay.isEmpty)
        #expect(fetch.nextRequests() == [])
        return (turns, Array(memory))
    }

    private static func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: index &* 31 &+ index >> 20) }

    @Test func window() throws {
        let count = 6 * Self.chunk + 5
        let (turns, data) = try fetch(bytes: count)
        #expect(turns == [[0, 1, 2, 3], [4], [5], [6], [], [], []])
        #expect(data.indices.allSatisfy { data[$0] == Self.byte($0) })
    }

    @Test func smallDataSets() throws {
        #expect(try fetch(bytes: 1).turns == [[0]])
        #expect(try fetch(bytes: Self.chunk).turns == [[0]])
        #expect(try fetch(bytes: Self.chunk + 1).turns == [[0, 1], []])
    }

    @Test func chunksThatNobodyAskedFor() throws {
        let ticket = DatasetTicket(role: .train, hash: [], byteCount: 6 * Self.chunk)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ticket.byteCount, alignment: 64)
        defer { memory.deallocate() }
        var fetch = DatasetFetch(dataset: 2, ticket: ticket, memory: memory)
        func isRefused(_ dataset: Int, _ number: Int, bytes: Int = Self.chunk) -> Bool {
            do {
                _ = try fetch.destination(DataChunk(dataset: dataset, number: number), bytes: bytes)
                return false
            } catch {
                return true
            }
        }
        #expect(isRefused(2, 0), "nothing was asked for yet")
        _ = fetch.nextRequests()
        #expect(!isRefused(2, 0))
        #expect(isRefused(1, 0), "another data set")
        #expect(isRefused(2, 1), "not the next one")
        #expect(isRefused(2, 1 << 40))
        #expect(isRefused(2, 0, bytes: Self.chunk - 1))
        #expect(fetch.arrived() == false)
        #expect(isRefused(2, 0), "it has arrived")
        #expect(!isRefused(2, 1))
    }
}
