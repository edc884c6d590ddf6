/// The protocol that a peer speaks, judged by its first bytes.
enum ProtocolSniff: Equatable {
    /// There are too few bytes to tell.
    case incomplete
    /// The peer sends frames without TLS.
    case frames
    case tls
    case http
    case unknown

    /// The most bytes that are needed.
    static let byteCount = 6
    /// The first bytes of TLS records that carry a handshake message or an alert.
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
