import Platform
import Transport

/// A blocking client that writes arbitrary bytes. Every wait ends after 20 seconds.
final class RawClient: @unchecked Sendable {  // used by one thread after another
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, streamSocketType, 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                connect(descriptor, $0.baseAddress!, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Unexpected(what: "connect") }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], pieces: Int? = nil) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.prefix(pieces ?? rest.count).withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, noSignalFlag)
            }
            guard sent > 0 else { throw Unexpected(what: "send") }
            rest = rest.dropFirst(sent)
        }
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func read(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var piece = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(descriptor, &piece, piece.count, 0)
            guard got > 0 else { throw Unexpected(what: "end of stream") }
            bytes += piece.prefix(got)
        }
        return bytes
    }

    func readFrame() throws -> (kind: UInt8, payload: [UInt8]) {
        let header = try read(exactly: 48)
        let length = Int(header[8]) | Int(header[9]) << 8 | Int(header[10]) << 16
        return (header[6], try read(exactly: length))
    }

    /// Reads everything that the other side sends until it closes.
    func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var piece = [UInt8](repeating: 0, count: 4096)
            let got = recv(descriptor, &piece, piece.count, 0)
            if got == 0 { return bytes }
            guard got > 0 else { throw Unexpected(what: "no end of stream") }
            bytes += piece.prefix(got)
        }
    }

    /// Authenticates as a dialler, and writes `pieces` bytes at a time.
    func authenticate(_ token: SharedToken, pieces: Int? = nil) throws {
        var handshake = Handshake.dialler(Credentials(token, .plaintext), program: "raw 1", context: [1, 2])
        var frames = handshake.start()
        while true {
            for frame in frames {
                try write(FrameHeader(kind: frame.kind).encoded(payload: frame.payload), pieces: pieces)
            }
            let (kind, payload) = try readFrame()
            let (next, outcome) = handshake.receive(kind, payload)
            frames = next
            switch outcome {
            case .proceeds: continue
            case .authenticated: return
            case .failed(let error): throw error
            }
        }
    }
}
