import Platform
import System
import Threads

/// An HTTP server on the loopback that sends the files it is given, or their ends where `Range` asks for
/// them. It answers one request per connection, on a thread of its own, until it is released.
final class FileServer: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let record = Guarded<[String]>([])

    /// - Parameters:
    ///   - files: the contents by name.
    ///   - continues: whether the server obeys `Range`.
    init(_ files: [String: [UInt8]], continues: Bool = true) throws {
        let descriptor = socket(AF_INET, privateStreamSocketType, 0)
        guard descriptor >= 0 else { throw SystemError(cannot: "make a socket") }
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isOpen else { throw SystemError(cannot: "listen") }
        port = UInt16(bigEndian: address.sin_port)
        try Thread(named: "file server") { [record] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                let request = Self.request(connection)
                record.withLock { $0.append(request) }
                Self.send(Self.answer(request, files, continues), connection)
                close(connection)
            }
        }.detach()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// Returns the requests since the last call.
    func requests() -> [String] {
        record.withLock { requests in
            defer { requests = [] }
            return requests
        }
    }

    private static func request(_ connection: Int32) -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
            let count = piece.withUnsafeMutableBytes { read(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func answer(_ request: String, _ files: [String: [UInt8]], _ continues: Bool) -> [UInt8] {
        func response(_ status: String, _ fields: String, _ body: ArraySlice<UInt8>) -> [UInt8] {
            let end = "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
            return Array("HTTP/1.1 \(status)\r\n\(fields)\(end)".utf8) + body
        }
        let words = request.split(separator: " ")
        guard words.count > 1, let file = files[String(words[1].dropFirst())] else {
            return response("404 Not Found", "", [])
        }
        guard continues, let range = request.firstRange(of: "Range: bytes=") else {
            return response("200 OK", "", file[...])
        }
        let start = Int(request[range.upperBound...].prefix { $0.isNumber }) ?? 0
        guard start < file.count else { return response("416 Range Not Satisfiable", "", []) }
        return response(
            "206 Partial Content", "Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)\r\n",
            file[start...])
    }

    private static func send(_ bytes: [UInt8], _ connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
