import COpenSSL
import Platform

/// A TLS 1.3 connection over a socket. The TLS handshake runs as a part of the first reads and writes.
///
/// Outgoing bytes are encrypted into `sealed`, several records at a time, and leave from there in large
/// writes, so that OpenSSL never has to wait for room. Incoming bytes are read into `arrived` in large reads.
/// Both buffers, and OpenSSL's state, are allocated only when the peer's first bytes look like TLS: a client
/// that sends nothing, or something else, costs a socket and no more.
final class TLSStream: ByteStream {
    private enum Progress {
        case done(Int)
        case waits
        case ended
    }

    /// The largest content of a TLS record, in bytes (RFC 8446, section 5.1).
    static let recordSize = 16 << 10
    /// Bytes that are encrypted between two writes to the socket.
    private static let sealedAtOnce = 8 * recordSize
    /// Room for what OpenSSL adds to records and for messages that it sends by itself, in bytes.
    private static let sealedReserve = 32 << 10
    /// Bytes that are read from the socket at once: several records, which are still in the cache when they
    /// are decrypted.
    private static let readAhead = 64 << 10

    let socket: PlainStream
    let role: TLS.Role
    private let token: SharedToken
    private let bytesPerKey: Int
    /// The pre-shared key, in memory that outlives OpenSSL's handshake.
    private(set) lazy var key = token.transportKey
    let identity: UnsafeMutableBufferPointer<UInt8>

    private var ssl: OpaquePointer?
    private(set) var isEstablished = false
    private var writeWaitsForInput = false
    /// True if the last read found nothing more.
    private var isDry = true
    private var isEnded = false
    private var failure: StreamFailure?
    private var bytesWithThisKey = 0

    // The state below belongs to the socket's side: see TLSStream+Socket.
    /// The peer's first bytes. They are examined before OpenSSL gets them.
    var sniffed: [UInt8] = []
    var sniffedDelivered = 0
    var isSocketEnded = false
    var socketFailure: StreamFailure?
    var arrived = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var arrivedStart = 0
    var arrivedEnd = 0
    /// True if the last read of the socket left it empty and neither `read` nor `write` has been called
    /// since.
    var isSocketEmpty = false
    var sealed = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var sealedStart = 0
    var sealedEnd = 0
    /// The buffer in which a frame's header and the bytes after it become one record.
    private var joined = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    init(_ socket: PlainStream, token: SharedToken, _ role: TLS.Role, bytesPerKey: Int = TLS.bytesPerKey) {
        self.socket = socket
        self.token = token
        self.role = role
        self.bytesPerKey = bytesPerKey
        identity = .allocate(capacity: TLS.identity.count)
        _ = identity.initialize(from: TLS.identity)
    }

    deinit {
        SSL_free(ssl)
        arrived.deallocate()
        sealed.deallocate()
        joined.deallocate()
        identity.deallocate()
    }

    var descriptor: Int32 { socket.descriptor }
    var wantsRead: Bool { writeWaitsForInput }
    var wantsWrite: Bool { sealedEnd > sealedStart }
    var hasBufferedInput: Bool {
        failure != nil || isEnded
            || !isDry && (arrivedEnd > arrivedStart || ssl != nil && SSL_has_pending(ssl) != 0)
    }
    var announcesRoom: Bool { !writeWaitsForInput }
    var needsChecksums: Bool { false }

    /// True once OpenSSL has the socket. Before that nothing was sent, and nothing but non-TLS bytes was
    /// received.
    var hasBegun: Bool { ssl != nil }

    private func begin() throws(StreamFailure) {
        guard ssl == nil else { return }
        guard let made = TLS.connection(), let bio = makeSocketBIO() else {
            throw StreamFailure(reason: "TLS lacks memory")
        }
        SSL_set_ex_data(made, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_bio(made, bio, bio)
        arrived = .allocate(byteCount: Self.readAhead, alignment: 64)
        sealed = .allocate(byteCount: Self.sealedAtOnce + Self.sealedReserve, alignment: 64)
        if role == .dialler {
            // No certificate is ever accepted; peers have none, because both sides prove the shared key
            // instead.
            SSL_set_verify(made, SSL_VERIFY_PEER, nil)
            SSL_set_connect_state(made)
        } else {
            SSL_set_accept_state(made)
        }
        ssl = made
    }

    static func owner(of ssl: OpaquePointer?) -> TLSStream? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSStream>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Reading

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        if failure == nil, !isEnded, ssl == nil {
            if let outcome = try sniffProtocol() { return outcome }
            try begin()
        }
        var filled = 0
        isDry = false
        isSocketEmpty = false
        while filled < buffer.count, !isDry, !isEnded, failure == nil {
            switch step({
                SSL_read_ex(ssl, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, &$0)
            }) {
            case .done(let count): filled += count
            case .waits: isDry = true
            case .ended: isEnded = true
            case nil: break
            }
        }
        // OpenSSL may have answered the peer (a key update, an alert), and a write that waited for input may
        // go on now.
        do { try flush() } catch { failure = failure ?? error }
        writeWaitsForInput = false
        if filled > 0 { return .bytes(filled) }
        if let failure { throw failure }
        return isEnded ? .endOfStream : .wouldBlock
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
        throws(StreamFailure) -> StreamOutcome
    {
        let first = try read(into: buffer)
        guard next.count > 0, case .bytes(let count) = first, count == buffer.count, failure == nil,
            case .bytes(let more) = try read(into: next)
        else { return first }
        return .bytes(count + more)
    }

    /// Makes one call of OpenSSL and classifies its result; nil if it failed, and then `failure` has the
    /// reason.
    private func step(_ call: (inout Int) -> Int32) -> Progress? {
        var count = 0
        ERR_clear_error()
        let result = call(&count)
        if !isEstablished, SSL_is_init_finished(ssl) == 1 { established() }
        if failure != nil { return nil }
        if result == 1 { return .done(count) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .waits
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            if socketFailure == nil, isSocketEnded, !isEstablished { return .ended }
            failure = socketFailure ?? judged(copenssl_reason())
            return nil
        }
    }

    private func established() {
        isEstablished = true
        // A resumed session is the proof that the peer knows the shared key.
        if SSL_session_reused(ssl) != 1 { failure = .handshake(reason: "it came without the shared key") }
    }

    private func judged(_ reason: Int32) -> StreamFailure {
        if isSocketEnded {
            return StreamFailure(reason: "the connection closed unexpectedly, without a TLS close_notify")
        }
        if isEstablished { return .damaged(reason: text(reason)) }
        switch reason {
        // The listener finds that the hello was bound with another key; OpenSSL reports that as one of these
        // errors.
        case SSL_R_BINDER_DOES_NOT_VERIFY, SSL_R_TLSV1_ALERT_DECRYPT_ERROR,
            SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER:
            return .tokensDiffer
        default: return .handshake(reason: text(reason))
        }
    }

    private func text(_ reason: Int32) -> String {
        ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? "error \(reason)"
    }

    // MARK: Writing

    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome {
        if let failure { throw failure }
        if role == .listener, ssl == nil {
            writeWaitsForInput = true
            return .wouldBlock
        }
        try begin()
        isSocketEmpty = false
        var (taken, rest) = (0, Pieces(pieces))
        while true {
            try flush()
            guard !wantsWrite, let record = rest.next(joining: &joined) else { break }
            let count = try seal(record, &rest)
            taken += count
            if count == 0 { break }
        }
        return taken > 0 ? .bytes(taken) : .wouldBlock
    }

    /// Encrypts `first` and the records after it until there are enough for a write to the socket, and
    /// returns the number of bytes taken.
    private func seal(_ first: UnsafeRawBufferPointer, _ rest: inout Pieces) throws(StreamFailure) -> Int {
        var (taken, next) = (0, Optional(first))
        while let record = next {
            renewKey(record.count)
            switch step({ SSL_write_ex(ssl, record.baseAddress, record.count, &$0) }) {
            case .done(let count):
                rest.advance(by: count)
                taken += count
            case .waits, .ended:
                writeWaitsForInput = true
                try flush()
                return taken
            case nil:
                try? flush()
                throw failure ?? StreamFailure(reason: "TLS failed")
            }
            next = sealedEnd < Self.sealedAtOnce ? rest.next(joining: &joined) : nil
        }
        return taken
    }

    private func renewKey(_ count: Int) {
        bytesWithThisKey += count
        guard isEstablished, bytesWithThisKey > bytesPerKey else { return }
        bytesWithThisKey = count
        SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
    }

    // MARK: Ending

    var channelBinding: [UInt8] {
        guard isEstablished else { return [] }
        var material = [UInt8](repeating: 0, count: 32)
        let label = "EXPORTER-dist-train-channel"
        let status = SSL_export_keying_material(
            ssl, &material, material.count, label, label.utf8.count, nil, 0, 0)
        precondition(status == 1, "keying material can be had once the handshake is over")
        return material
    }

    func endWriting() {
        sendCloseNotify()
        if !wantsWrite { socket.endWriting() }
    }

    func close() {
        guard socket.descriptor >= 0 else { return }
        sendCloseNotify()
        socket.close()
    }

    /// Sends the close_notify alert if there is room for it. It tells the peer that this end is deliberate.
    private func sendCloseNotify() {
        guard isEstablished, failure == nil, socketFailure == nil else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        try? flush()
    }
}
