import COpenSSL
import Platform

// The bytes between OpenSSL and the socket.

extension TLSStream {
    /// Reads and examines the peer's first bytes. Returns nil if they are TLS and can be given to OpenSSL,
    /// otherwise the outcome of the read that needs more.
    func sniffProtocol() throws(StreamFailure) -> StreamOutcome? {
        while true {
            switch ProtocolSniff(sniffed) {
            case .tls where sniffed.count == ProtocolSniff.byteCount:
                // The sixth byte is the type of the handshake message. A dialler that receives a ClientHello
                // meets another dialler, or itself.
                if role == .dialler, sniffed[5] == SSL3_MT_CLIENT_HELLO { throw .reflected }
                // No checksum covers the version in the first record. It has a fixed value, which is checked
                // here.
                guard sniffed[1] == 3, sniffed[2] == (role == .listener ? 1 : 3) else {
                    throw .handshake(reason: "a record of another version")
                }
                return nil
            case .frames: throw .plaintext
            case .http: throw .http
            case .unknown: throw .unknownLanguage
            case .tls, .incomplete: break
            }
            var piece: UInt64 = 0
            let wanted = ProtocolSniff.byteCount - sniffed.count
            let outcome = try withUnsafeMutableBytes(of: &piece) { bytes throws(StreamFailure) in
                try socket.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]))
            }
            guard case .bytes(let count) = outcome else { return outcome }
            withUnsafeBytes(of: &piece) { sniffed += $0[..<count] }
        }
    }

    /// Sends encrypted bytes while the socket has room.
    func flush() throws(StreamFailure) {
        while sealedStart < sealedEnd {
            var piece = iovec(
                iov_base: sealed.baseAddress?.advanced(by: sealedStart), iov_len: sealedEnd - sealedStart)
            let outcome = try withUnsafeMutablePointer(to: &piece) { pointer throws(StreamFailure) in
                try socket.write(gather: UnsafeMutableBufferPointer(start: pointer, count: 1))
            }
            guard case .bytes(let count) = outcome else { return }
            sealedStart += count
        }
        sealedStart = 0
        sealedEnd = 0
    }

    /// Creates OpenSSL's view of the socket (a BIO); nil if memory is short.
    func makeSocketBIO() -> OpaquePointer? {
        guard let method = SocketMethod.shared.pointer, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    fileprivate static func owner(ofBIO bio: OpaquePointer?) -> TLSStream? {
        BIO_get_data(bio).map { Unmanaged<TLSStream>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Gives OpenSSL the next bytes of the socket. Returns their number, 0 at the end of the stream, nil if
    /// none are there now.
    fileprivate func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        do {
            if sniffedDelivered == sniffed.count, sniffed.count < ProtocolSniff.byteCount,
                let outcome = try sniffProtocol()
            {
                isSocketEnded = outcome == .endOfStream
                return isSocketEnded ? 0 : nil
            }
            let looked = sniffed[sniffedDelivered...].prefix(buffer.count)
            if !looked.isEmpty {
                buffer.copyBytes(from: looked)
                sniffedDelivered += looked.count
                return looked.count
            }
            if arrivedStart == arrivedEnd {
                if isSocketEmpty { return nil }
                switch try socket.read(into: arrived) {
                case .bytes(let count):
                    arrivedStart = 0
                    arrivedEnd = count
                    isSocketEmpty = count < arrived.count
                case .wouldBlock: return nil
                case .endOfStream:
                    isSocketEnded = true
                    return 0
                }
            }
            let count = min(buffer.count, arrivedEnd - arrivedStart)
            buffer.baseAddress?.copyMemory(
                from: arrived.baseAddress.unsafelyUnwrapped + arrivedStart, byteCount: count)
            arrivedStart += count
            return count
        } catch {
            socketFailure = error
        }
        return 0
    }

    /// Takes encrypted bytes from OpenSSL; false if there is no room for them.
    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard sealedEnd + bytes.count <= sealed.count, let base = sealed.baseAddress,
            let source = bytes.baseAddress
        else {
            // Only a peer that keeps asking for answers and never reads them leads here.
            socketFailure = StreamFailure(reason: "it does not read what it asks for")
            return false
        }
        (base + sealedEnd).copyMemory(from: source, byteCount: bytes.count)
        sealedEnd += bytes.count
        return true
    }
}

/// The functions by which OpenSSL reads and writes the socket; created once and never changed (hence
/// `@unchecked Sendable`).
private struct SocketMethod: @unchecked Sendable {
    static let shared = SocketMethod()
    let pointer: OpaquePointer?

    private init() {
        pointer = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "dist-train socket")
        BIO_meth_set_read_ex(pointer) { bio, bytes, size, count in
            copenssl_clear_retry(bio)
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size)
            guard let read = TLSStream.owner(ofBIO: bio)?.fill(buffer) else {
                copenssl_wait_for_input(bio)
                return 0
            }
            count?.pointee = read
            return read > 0 ? 1 : 0
        }
        BIO_meth_set_write_ex(pointer) { bio, bytes, size, count in
            copenssl_clear_retry(bio)
            guard let stream = TLSStream.owner(ofBIO: bio),
                stream.take(UnsafeRawBufferPointer(start: bytes, count: size))
            else { return 0 }
            count?.pointee = size
            return 1
        }
        BIO_meth_set_ctrl(pointer) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1  // the stream sends everything by itself
            case BIO_CTRL_EOF: TLSStream.owner(ofBIO: bio)?.isSocketEnded == true ? 1 : 0
            default: 0
            }
        }
    }
}
