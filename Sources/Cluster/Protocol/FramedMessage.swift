import Transport

/// The messages that travel in one direction of a connection.
package protocol FramedMessage {
    /// Reads a frame. A bulk message borrows the payload.
    ///
    /// - Throws: `MalformedMessage` if it is no message of this direction.
    init(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(MalformedMessage)

    /// This message as a frame of no generation.
    var frame: MessageFrame { get }
}

/// A frame that is to be sent.
package struct MessageFrame {
    package enum Payload {
        case copied([UInt8])
        /// Memory that stays unchanged until the frame is sent.
        case borrowed(UnsafeRawBufferPointer)
    }

    package var header: FrameHeader
    package var payload: Payload

    init<Kind: RawRepresentable<UInt8>>(_ kind: Kind, _ payload: [UInt8] = []) {
        header = FrameHeader(kind: kind.rawValue)
        self.payload = .copied(payload)
    }

    init<Kind: RawRepresentable<UInt8>>(_ kind: Kind, _ value: some MessageValue) {
        self.init(kind, value.encoded)
    }

    /// - Parameter fields: sets the fields of the header that a bulk message uses.
    init<Kind: RawRepresentable<UInt8>>(
        _ kind: Kind, borrowing payload: UnsafeRawBufferPointer, fields: (inout FrameHeader) -> Void
    ) {
        header = FrameHeader(kind: kind.rawValue)
        fields(&header)
        self.payload = .borrowed(payload)
    }
}

extension Connection {
    /// Queues a message.
    ///
    /// - Parameters:
    ///   - generation: the one that the message belongs to; the default is no generation.
    ///   - sent: called when the memory that a bulk message borrows is free again.
    func send(
        _ message: some FramedMessage, of generation: FrameGeneration = FrameGeneration(),
        sent: (() -> Void)? = nil
    ) {
        var frame = message.frame
        frame.header.generation = generation
        switch frame.payload {
        case .copied(let bytes): send(frame.header, bytes)
        case .borrowed(let bytes): send(frame.header, borrowing: bytes, sent: sent)
        }
    }
}

extension FrameHeader {
    /// Reads the payload of a message that is no bulk message: of the header, it uses the kind and the
    /// generation alone.
    func value<Value: MessageValue>(
        _ payload: UnsafeRawBufferPointer, _ kind: some RawRepresentable<UInt8>
    ) throws(MalformedMessage) -> Value {
        try requireNoFields(kind)
        return try Value(decoding: payload, named: "\(kind)")
    }

    /// Reads a message without fields.
    func nothing(_ payload: UnsafeRawBufferPointer, _ kind: some RawRepresentable<UInt8>)
        throws(MalformedMessage)
    {
        try requireNoFields(kind)
        try MessageReader(payload, of: "\(kind)").finish()
    }

    func requireNoFields(_ kind: some RawRepresentable<UInt8>) throws(MalformedMessage) {
        guard step == 0, index == 0, detail == 0, flags == 0 else {
            throw MalformedMessage("a message `\(kind)` has a header that is not its own")
        }
    }

    /// The detail as an offset.
    ///
    /// - Throws: `MalformedMessage` if the flags are set or the offset is too large for any memory.
    func bulkOffset(_ kind: some RawRepresentable<UInt8>) throws(MalformedMessage) -> Int {
        guard flags == 0, let offset = Int(exactly: detail) else {
            throw MalformedMessage("a message `\(kind)` has a header that is not its own")
        }
        return offset
    }
}
