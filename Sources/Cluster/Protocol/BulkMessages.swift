import Transport

// The messages with bulk. Their fields stand in the frame's header, so that the receiver can say where the
// payload goes before it arrives, and the sender's payload is not copied.

/// The position of a run of floats in a section of the state that a generation begins with.
///
/// Section 0 holds the parameters, the following ones the moments of the receiver's pieces, the last one the
/// running statistics.
package struct StateRun: Equatable, Sendable {
    package var section: Int
    /// Floats before the run.
    package var offset: Int

    package init(section: Int, offset: Int) {
        self.section = section
        self.offset = offset
    }

    init(_ header: FrameHeader) throws(MalformedMessage) {
        section = Int(header.index)
        offset = try header.bulkOffset(ToWorker.Kind.state)
        guard header.step == 0 else { throw MalformedMessage("a run of the state names a step") }
    }

    func write(to header: inout FrameHeader) {
        header.index = UInt32(section)
        header.detail = UInt64(offset)
    }
}

/// The position of a run of floats in a member's part of a snapshot.
package struct SnapshotRun: Equatable, Sendable {
    /// Steps that are done.
    package var step: Int
    package var rank: Int
    /// Floats before the run. With all of a large model's optimizer state at one member, it exceeds 2³².
    package var offset: Int

    package init(step: Int, rank: Int, offset: Int) {
        self.step = step
        self.rank = rank
        self.offset = offset
    }

    init(_ header: FrameHeader) throws(MalformedMessage) {
        guard let step = Int(exactly: header.step) else {
            throw MalformedMessage("a run of a snapshot names an impossible step")
        }
        self.step = step
        rank = Int(header.index)
        offset = try header.bulkOffset(ToCoordinator.Kind.snapshot)
    }

    func write(to header: inout FrameHeader) {
        header.step = UInt64(step)
        header.index = UInt32(rank)
        header.detail = UInt64(offset)
    }
}

/// The number of a chunk of a data set: see `DatasetTicket`.
package struct DataChunk: Equatable, Sendable {
    /// The data set's position in the welcome.
    package var dataset: Int
    package var number: Int

    package init(dataset: Int, number: Int) {
        self.dataset = dataset
        self.number = number
    }

    init(_ header: FrameHeader) throws(MalformedMessage) {
        dataset = Int(header.index)
        number = try header.bulkOffset(ToWorker.Kind.chunk)
        guard header.step == 0 else { throw MalformedMessage("a chunk of data names a step") }
    }

    func write(to header: inout FrameHeader) {
        header.index = UInt32(dataset)
        header.detail = UInt64(number)
    }
}

/// The payload of `fetch`.
extension DataChunk: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(dataset)
        writer.write(number)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        dataset = try reader.read(in: 0...)
        number = try reader.read(in: 0...)
    }
}
