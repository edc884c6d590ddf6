import Platform

extension CSVReader {
    /// The part of a text that is in memory: `position..<filled` is not yet cut into rows.
    final class Block {
        private(set) var bytes: UnsafeMutablePointer<UInt8>
        var position = 0
        private(set) var filled = 0
        private(set) var isAtEnd = false

        private let source: TextSource
        private var capacity = 1 << 18
        // The next line feed, carriage return, quote and zero byte: at `filled` if the block has none.
        private var lineFeed = 0
        private var carriageReturn = 0
        private var quote = 0
        private var zero = 0

        /// Bytes of the longest row; a longer one is taken for an unclosed quote.
        static let largest = 1 << 24

        init(_ source: TextSource) throws {
            self.source = source
            bytes = .allocate(capacity: capacity)
            _ = try extend()
        }

        deinit { bytes.deallocate() }

        /// Moves what is not yet cut to the front and reads on. False if a row fills the largest block.
        func extend() throws -> Bool {
            let kept = filled - position
            if kept > capacity / 2 {
                guard capacity < 2 * CSVReader.Block.largest, kept <= CSVReader.Block.largest else {
                    return false
                }
                let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity)
                larger.update(from: bytes + position, count: kept)
                bytes.deallocate()
                bytes = larger
                capacity *= 2
            } else {
                memmove(bytes, bytes + position, kept)
            }
            position = 0
            let room = UnsafeMutableRawBufferPointer(start: bytes + kept, count: capacity - kept)
            let count = try source.read(into: room)
            filled = kept + count
            isAtEnd = count == 0
            lineFeed = -1
            carriageReturn = -1
            quote = -1
            zero = -1
            return true
        }

        /// The line feed that ends the row at `position`; nil if it has to be cut with care.
        @inline(__always)
        func plainRowEnd() throws -> Int? {
            find(UInt8(ascii: "\n"), &lineFeed)
            if lineFeed == filled {
                guard !isAtEnd, try extend() else { return nil }
                find(UInt8(ascii: "\n"), &lineFeed)
            }
            find(UInt8(ascii: "\""), &quote)
            find(UInt8(ascii: "\r"), &carriageReturn)
            find(0, &zero)
            guard lineFeed < filled, quote > lineFeed, zero > lineFeed, carriageReturn >= lineFeed - 1 else {
                return nil
            }
            return lineFeed
        }

        /// Moves `place` on to the next such byte.
        @inline(__always)
        private func find(_ byte: UInt8, _ place: inout Int) {
            guard place < position else { return }
            let found = memchr(bytes + position, Int32(byte), filled - position)
            place =
                found.map { UnsafeRawPointer(bytes).distance(to: UnsafeRawPointer($0)) } ?? filled
        }

        /// The place of a zero byte between `position` and `end`.
        func zero(before end: Int) -> Int? {
            find(0, &zero)
            return zero < end ? zero : nil
        }

        /// Takes a first line `sep=;`, by which spreadsheets name the delimiter.
        func takeDeclaredDelimiter() -> UInt8? {
            let text = UnsafeBufferPointer(start: bytes, count: filled)
            let start = text.first == UInt8(ascii: "\"") ? 1 : 0
            guard text.count > start + 5,
                zip("sep=".utf8, text[start...]).allSatisfy({ $0 == $1 | 0x20 || $0 == $1 })
            else { return nil }
            var end = start + 5
            if start == 1, text[end] == UInt8(ascii: "\"") { end += 1 }
            while end < text.count, text[end] == UInt8(ascii: "\r") { end += 1 }
            guard end < text.count, text[end] == UInt8(ascii: "\n") else { return nil }
            position = end + 1
            return text[start + 4]
        }
    }
}
