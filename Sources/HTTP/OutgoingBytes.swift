import Platform
import Transport

/// Bytes that wait until a client takes them, in pieces that are not copied.
struct OutgoingBytes {
    /// Pieces that one call of the system takes at most.
    private static let piecesPerCall = 16

    private var pieces: [[UInt8]] = []
    /// Bytes of the first piece that have left.
    private var offset = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ piece: [UInt8]) {
        guard !piece.isEmpty else { return }
        pieces.append(piece)
        count += piece.count
    }

    /// Sends what the stream takes now and returns how many bytes that were.
    ///
    /// - Throws: `StreamFailure` if the connection is broken.
    mutating func send(to stream: PlainStream) throws(StreamFailure) -> Int {
        var total = 0
        while !isEmpty {
            let outcome = try write(to: stream)
            guard case .bytes(let sent) = outcome, sent > 0 else { break }
            total += sent
            drop(sent)
        }
        return total
    }

    private func write(to stream: PlainStream) throws(StreamFailure) -> StreamOutcome {
        var vectors: [iovec] = []
        var result = Result<StreamOutcome, StreamFailure>.success(.wouldBlock)
        func gather(_ index: Int) {
            guard index < min(pieces.count, Self.piecesPerCall) else {
                vectors.withUnsafeMutableBufferPointer { vectors in
                    result = Result { () throws(StreamFailure) in try stream.write(gather: vectors) }
                }
                return
            }
            pieces[index].withUnsafeBytes { bytes in
                let from = index == 0 ? offset : 0
                vectors.append(
                    iovec(
                        iov_base: bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + from) },
                        iov_len: bytes.count - from))
                gather(index + 1)
            }
        }
        gather(0)
        return try result.get()
    }

    private mutating func drop(_ sent: Int) {
        count -= sent
        offset += sent
        var whole = 0
        while whole < pieces.count, offset >= pieces[whole].count {
            offset -= pieces[whole].count
            whole += 1
        }
        pieces.removeFirst(whole)
    }
}
