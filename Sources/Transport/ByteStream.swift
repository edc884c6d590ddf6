import Platform

/// The outcome of a read or write that did not fail.
package enum StreamOutcome: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    case endOfStream
}

/// The reason why a stream broke, without the peer's name, which the connection adds.
package enum StreamFailure: Error, Equatable, Sendable {
    case broken(reason: String)
    /// The peer sends frames without TLS.
    case plaintext
    case http
    case unknownLanguage
    case tokensDiffer
    /// The peer's first message is this side's own.
    case reflected
    /// The TLS handshake failed.
    case handshake(reason: String)
    /// A record is not as it was sent.
    case damaged(reason: String)

    package init(reason: String) { self = .broken(reason: reason) }
}

/// A non-blocking stream of bytes over a descriptor. It separates frames from what carries them: plain TCP,
/// TLS, or shared memory.
package protocol ByteStream: AnyObject {
    var descriptor: Int32 { get }
    /// Reads at most `buffer.count` bytes; `.wouldBlock` if there are none until poll announces the
    /// descriptor as readable.
    ///
    /// - Throws: `StreamFailure` if the stream is broken.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome
    /// Reads into `buffer` and, once that is full, into `next`: at most as many bytes as both hold.
    ///
    /// - Throws: `StreamFailure` if the stream is broken.
    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
        throws(StreamFailure) -> StreamOutcome
    /// Sends a part of the pieces, in order. Bytes that it did not take are offered again, at the same
    /// addresses.
    ///
    /// - Throws: `StreamFailure` if the stream is broken.
    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome
    /// True if the stream must see the descriptor readable before it can continue.
    var wantsRead: Bool { get }
    /// True if the stream holds bytes that have not left yet. `flush` is called when the descriptor is
    /// writable.
    var wantsWrite: Bool { get }
    /// True if the stream holds input that was not read yet and that poll does not announce.
    var hasBufferedInput: Bool { get }
    /// True if poll announces room to write; otherwise the stream becomes readable when there is room.
    var announcesRoom: Bool { get }
    /// True if bytes may change on their way without the stream noticing; payloads then have checksums.
    var needsChecksums: Bool { get }
    /// A value that both ends of this channel know and nobody in between; empty if the channel has none.
    var channelBinding: [UInt8] { get }
    /// Handles a readable descriptor, before anything is read.
    ///
    /// - Throws: `StreamFailure` if the stream is broken.
    func becameReadable() throws(StreamFailure)
    /// Sends the bytes that the stream holds (`wantsWrite`), while there is room.
    ///
    /// - Throws: `StreamFailure` if the stream is broken.
    func flush() throws(StreamFailure)
    /// Ends the output; the peer sees the end of the stream.
    func endWriting()
    /// Closes the descriptor.
    func close()
}

extension ByteStream {
    package var announcesRoom: Bool { true }
    package var needsChecksums: Bool { true }
    package var channelBinding: [UInt8] { [] }
    package func becameReadable() throws(StreamFailure) {}
    package func flush() throws(StreamFailure) {}
}
