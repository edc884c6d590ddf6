import HTTP
import Platform
import Transport

struct Unexpected: Error { var what: String }

/// An answer as it came over a socket.
struct Answer: Equatable {
    var status: Int
    /// In lower case, with their values.
    var fields: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A blocking client that writes arbitrary bytes and reads answers. Every wait ends after 20 seconds.
final class TestClient: @unchecked Sendable {  // used by one thread after another
    private let descriptor: Int32
    private var read: [UInt8] = []

    init(_ address: SocketAddress, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, streamSocketType, 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
        }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = address.port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafeBytes(of: &target) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                connect(descriptor, $0.baseAddress!, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Unexpected(what: "connect: \(errno)") }
    }

    deinit { close(descriptor) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, noSignalFlag) }
            guard sent > 0 else { throw Unexpected(what: "send: \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Sends one request for a path with these further lines, and reads its answer.
    func get(_ path: String, _ lines: String...) throws -> Answer {
        try write("GET \(path) HTTP/1.1\r\nHost: localhost\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n")
        return try answer()
    }

    /// Reads one answer. One without `Content-Length` ends with the connection.
    func answer(hasBody: Bool = true) throws -> Answer {
        let head = try headLines()
        guard let first = head.first, first.hasPrefix("HTTP/1.1 "),
            let status = Int(first.split(separator: " ")[1])
        else { throw Unexpected(what: "no status line: \(head)") }
        var fields: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        var answer = Answer(status: status, fields: fields, body: [])
        if !hasBody || status == 100 { return answer }
        guard let length = fields["content-length"].flatMap(Int.init) else {
            answer.body = try readToEnd()
            return answer
        }
        while read.count < length { try receive() }
        answer.body = Array(read.prefix(length))
        read.removeFirst(length)
        return answer
    }

    private func headLines() throws -> [String] {
        while true {
            let text = String(decoding: read, as: UTF8.self)
            if let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) {
                let head = String(text[..<end.lowerBound])
                read.removeFirst(head.utf8.count + 4)
                return head.split(separator: "\r\n").map(String.init)
            }
            try receive()
        }
    }

    /// Reads until this text has come, and returns everything up to its end.
    func read(until text: String) throws -> String {
        while true {
            if let range = read.firstRange(of: Array(text.utf8)) {
                defer { read.removeFirst(range.upperBound) }
                return String(decoding: read[..<range.upperBound], as: UTF8.self)
            }
            try receive()
        }
    }

    private func receive() throws {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        guard count > 0 else { throw Unexpected(what: count == 0 ? "end of stream" : "recv: \(errno)") }
        read += piece.prefix(count)
    }

    /// Reads everything that the other side sends until it closes the connection, in whatever way.
    func readToEnd() throws -> [UInt8] {
        while true {
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &piece, piece.count, 0)
            if count < 0, errno == EAGAIN { throw Unexpected(what: "the connection stays open") }
            if count <= 0 {
                defer { read = [] }
                return read
            }
            read += piece.prefix(count)
        }
    }

    /// Whether the server has not closed the connection so far.
    var isOpen: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count > 0 || count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }
}

/// Runs a body with a server that is stopped behind it.
func withServer<Result>(
    _ limits: HTTPServer.Limits = .init(),
    admit: @escaping @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil },
    handler: @escaping @Sendable (HTTPExchange) -> Void, _ body: (HTTPServer) throws -> Result
) throws -> Result {
    let server = try HTTPServer(
        Endpoint(host: "127.0.0.1", port: 0), limits: limits, name: "test", admit: admit, handler: handler)
    try server.start()
    defer { server.stop() }
    return try body(server)
}

/// Waits until a condition holds; false after 20 seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<20_000 {
        if condition() { return true }
        usleep(1000)
    }
    return condition()
}
