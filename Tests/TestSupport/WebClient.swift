import Platform
import System

/// An HTTP client for tests, on blocking sockets of 127.0.0.1: it has nothing in common with the server that
/// is tested. Every wait ends after 20 seconds.
package final class WebClient {
    package struct Answer {
        package let status: Int
        package let head: String
        package let body: String
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    package init(port: UInt16) throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // Where an initialiser throws that has set everything, deinit closes the socket.
        guard status == 0 else { throw SystemError("the test cannot connect to port \(port) (\(errno))") }
    }

    deinit { close(descriptor) }

    package func write(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SystemError("the test cannot send (\(errno))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads what comes next; false at the end of the connection.
    private func receive() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        guard count >= 0 else { throw SystemError("the test received nothing (\(errno))") }
        buffer += piece.prefix(count)
        return count > 0
    }

    /// Reads until this text has come, and returns what came before it; nil if the connection ends first.
    package func read(until mark: String) throws -> String? {
        let mark = Array(mark.utf8)
        while true {
            if let range = buffer.firstRange(of: mark) {
                defer { buffer.removeFirst(range.upperBound) }
                return String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
            }
            guard try receive() else { return nil }
        }
    }

    /// Sends a request whose answer ends with the connection.
    package static func get(
        _ path: String, port: UInt16, method: String = "GET", _ fields: [String] = [],
        host: String = "localhost"
    ) throws -> Answer {
        let client = try WebClient(port: port)
        try client.write(request(path, method, fields + ["Connection: close"], host: host))
        guard let head = try client.read(until: "\r\n\r\n"),
            let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0.prefix(3)) })
        else { throw SystemError("the server sent no answer to \(path)") }
        while try client.receive() {}
        return Answer(
            status: status, head: head, body: String(decoding: client.buffer, as: UTF8.self))
    }

    package static func request(
        _ path: String, _ method: String = "GET", _ fields: [String] = [], host: String = "localhost"
    ) -> String {
        (["\(method) \(path) HTTP/1.1", "Host: \(host)"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Opens an event stream.
    package static func events(port: UInt16, _ fields: [String]) throws -> WebClient {
        let client = try WebClient(port: port)
        try client.write(request("/events", "GET", fields))
        guard let head = try client.read(until: "\r\n\r\n"), head.contains(" 200 ") else {
            throw SystemError("the server opened no event stream")
        }
        return client
    }

    /// The next event of a stream; nil at its end.
    package func event() throws -> (name: String, data: String)? {
        while let message = try read(until: "\n\n") {
            let lines = message.split(separator: "\n")
            guard let name = lines.first(where: { $0.hasPrefix("event: ") })?.dropFirst(7) else { continue }
            let data = lines.filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
            return (String(name), data.joined(separator: "\n"))
        }
        return nil
    }
}
