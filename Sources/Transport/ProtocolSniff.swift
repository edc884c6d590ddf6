/// What a peer's first bytes say about the language that it speaks.
enum ProtocolSniff: Equatable {
    /// Too few bytes to tell.
    case incomplete
    /// Frames without TLS.
    case frames
    case tls
    case http
    case unknown

    /// As many bytes as are needed at most.
    static let byteCount = 6
    /// The first byte of a TLS record that carries a handshake, or an alert.
    private static let records: [UInt8] = [0x16, 0x15]
    private static let methods = [
        "GET ", "POST", "HEAD", "PUT ", "DELE", "OPTI", "PATC", "CONN", "TRAC", "PRI ", "HTTP",
    ].map {
        Array($0.utf8)
    }
    private static let magic = (0..<4).map {
        UInt8(truncatingIfNeeded: FrameHeader.magic >> (8 * UInt32($0)))
    }

    init(_ bytes: some Collection<UInt8>) {
        guard let first = bytes.first else {
            self = .incomplete
            return
        }
        let start = Array(bytes.prefix(4))
        if Self.records.contains(first) {
            self = .tls
        } else if start == Self.magic {
            self = .frames
        } else if Self.methods.contains(start) {
            self = .http
        } else {
            self =
                (Self.methods + [Self.magic]).contains { $0.starts(with: start) } && start.count < 4
                ? .incomplete : .unknown
        }
    }
}
