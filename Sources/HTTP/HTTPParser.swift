import Platform
import Transport

/// Reads the requests of one connection (RFC 9112): a value that is fed with bytes, however they are cut.
///
/// It is strict, because whatever two programs read differently can be used to smuggle a request past one of
/// them: lines end with CR LF, a field is not folded, a body has one length. What it refuses, it refuses for
/// good: the connection is closed after the answer.
///
///     parser.append(bytes)
///     while let event = try parser.next() { … }
package struct HTTPParser: Sendable {
    package enum Event: Sendable, Equatable {
        /// The head of a request whose body is still to come.
        case head(HTTPRequest, expectsContinue: Bool)
        /// A whole request. One with a body had a `head` before.
        case request(HTTPRequest)
    }

    enum Stage: Sendable {
        case requestLine
        case fields
        /// So many bytes are left.
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        /// Fields after the last chunk, which are ignored; so many bytes are left for them.
        case trailer(left: Int)
        case refused(HTTPRefusal)
    }

    /// The most header fields of a request.
    static let mostFields = 100
    /// The longest request line and the longest line before a chunk, in bytes.
    static let (longestRequestLine, longestChunkLine) = (8192, 256)

    let headerBytes: Int
    let bodyBytes: Int
    let peer: SocketAddress
    let local: SocketAddress
    var stage = Stage.requestLine
    /// The head that is arriving, or whose body is.
    var head: HTTPHead?
    var body: [UInt8] = []
    /// Bytes that arrived; those before `start` have been read.
    private var buffer: [UInt8] = []
    private var start = 0
    /// There is no line feed from `start` to here.
    private var scanned = 0
    /// Bytes of the lines of this head so far.
    var headCount = 0

    /// - Parameters:
    ///   - headerBytes: the longest head, in bytes.
    ///   - bodyBytes: the longest body, in bytes.
    package init(headerBytes: Int, bodyBytes: Int, peer: SocketAddress, local: SocketAddress) {
        (self.headerBytes, self.bodyBytes) = (headerBytes, bodyBytes)
        (self.peer, self.local) = (peer, local)
    }

    /// Whether a part of a request has arrived.
    package var isInRequest: Bool {
        if case .requestLine = stage { start < buffer.count } else { true }
    }

    /// The length of the body that is arriving, as far as it is known; 0 before.
    var bodyLength: Int {
        switch stage {
        case .body(let left), .chunk(let left): body.count + left
        default: body.count
        }
    }

    /// Forgets what has arrived, and its memory.
    mutating func forget() {
        (head, body, buffer) = (nil, [], [])
        (start, scanned, stage) = (0, 0, .requestLine)
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 16)
            (start, scanned) = (0, 0)
        } else if start > 1 << 16 {
            buffer.removeFirst(start)
            (start, scanned) = (0, max(0, scanned - start))
        }
        buffer.append(contentsOf: bytes)
    }

    /// Returns what comes next; nil if more bytes are needed.
    ///
    /// - Throws: `HTTPRefusal`; every later call throws the same.
    package mutating func next() throws(HTTPRefusal) -> Event? {
        do throws(HTTPRefusal) {
            while true {
                let (isReady, event) = try advance()
                if let event { return event }
                if !isReady { return nil }
            }
        } catch {
            forget()
            stage = .refused(error)
            throw error
        }
    }

    /// Reads one line or one piece of a body.
    ///
    /// - Returns: whether it was there, and an event if one is complete.
    private mutating func advance() throws(HTTPRefusal) -> (isReady: Bool, Event?) {
        switch stage {
        case .requestLine: return try readRequestLine()
        case .fields: return try readField()
        case .body(let left): return readRun(left)
        case .chunkSize: return try readChunkSize()
        case .chunk(let left): return readChunk(left)
        case .chunkEnd: return try readChunkEnd()
        case .trailer(let left): return try readTrailer(left)
        case .refused(let refusal): throw refusal
        }
    }
}

// MARK: - Lines and runs of bytes

extension HTTPParser {
    /// Returns the next line without its end; nil if it is not complete.
    mutating func line(atMost limit: Int, else refusal: @autoclosure () -> HTTPRefusal) throws(HTTPRefusal)
        -> ArraySlice<UInt8>?
    {
        let from = max(start, scanned)
        let found = buffer.withUnsafeBytes { bytes -> Int? in
            guard from < bytes.count, let base = bytes.baseAddress,
                let place = memchr(base + from, 10, bytes.count - from)
            else { return nil }
            return UnsafeRawPointer(place) - base
        }
        guard let end = found else {
            scanned = buffer.count
            guard buffer.count - start <= limit else { throw refusal() }
            return nil
        }
        guard end - start < limit else { throw refusal() }
        guard end > start, buffer[end - 1] == 13 else {
            throw .malformed("a line of the request ends with LF alone; end lines with CR LF")
        }
        let line = buffer[start..<end - 1]
        (start, scanned) = (end + 1, end + 1)
        guard line.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else {
            throw .malformed("the request's head has a control character; send text")
        }
        return line
    }

    /// Returns at most `count` of the bytes that have arrived.
    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        let end = min(buffer.count, start + count)
        defer { (start, scanned) = (end, end) }
        return buffer[start..<end]
    }
}
