// Bodies: a known number of bytes, or chunks (RFC 9112, section 7.1).
extension HTTPParser {
    mutating func readRun(_ left: Int) -> (isReady: Bool, Event?) {
        let count = takeIntoBody(left)
        if count == left { return (true, finishRequest()) }
        stage = .body(left: left - count)
        return (false, nil)
    }

    private mutating func takeIntoBody(_ most: Int) -> Int {
        let bytes = take(most)
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private mutating func chunkLine() throws(HTTPRefusal) -> ArraySlice<UInt8>? {
        let longest = Self.longestChunkLine
        let tooLong = HTTPRefusal.malformed("the line before a chunk is longer than \(longest) bytes")
        return try line(atMost: longest, else: tooLong)
    }

    mutating func readChunkSize() throws(HTTPRefusal) -> (isReady: Bool, Event?) {
        guard let line = try chunkLine() else { return (false, nil) }
        let digits = line.prefix { PercentEncoding.hexDigit($0) != nil }
        let isEnd = line.dropFirst(digits.count).first.map { $0 == UInt8(ascii: ";") } ?? true
        guard (1...8).contains(digits.count), isEnd else {
            throw .malformed("a chunk does not begin with its size in at most 8 hexadecimal digits")
        }
        let count = digits.reduce(0) { $0 << 4 | Int(PercentEncoding.hexDigit($1) ?? 0) }
        guard body.count + count <= bodyBytes else { throw bodyTooLong }
        stage = count == 0 ? .trailer(left: headerBytes) : .chunk(left: count)
        return (true, nil)
    }

    mutating func readChunk(_ left: Int) -> (isReady: Bool, Event?) {
        let count = takeIntoBody(left)
        stage = count == left ? .chunkEnd : .chunk(left: left - count)
        return (count == left, nil)
    }

    mutating func readChunkEnd() throws(HTTPRefusal) -> (isReady: Bool, Event?) {
        guard let line = try chunkLine() else { return (false, nil) }
        guard line.isEmpty else { throw .malformed("a chunk is longer than its size says") }
        stage = .chunkSize
        return (true, nil)
    }

    mutating func readTrailer(_ left: Int) throws(HTTPRefusal) -> (isReady: Bool, Event?) {
        let tooLong = HTTPRefusal(431, "the fields after the last chunk are too long; leave them out")
        guard let line = try line(atMost: left, else: tooLong) else { return (false, nil) }
        if line.isEmpty { return (true, finishRequest()) }
        stage = .trailer(left: left - line.count - 2)
        return (true, nil)
    }
}
