#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension TLSStream {
    /// What is to be sent, as contents of records: full ones from where the bytes lie, and a small piece together with what follows it.
    struct Pieces {
        private let pieces: UnsafeMutableBufferPointer<iovec>
        private var index = 0
        private var offset = 0

        init(_ pieces: UnsafeMutableBufferPointer<iovec>) { self.pieces = pieces }

        /// The next record's content; nil at the end. Valid until the next call.
        mutating func next(joining buffer: inout UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
            while index < pieces.count, offset == pieces[index].iov_len { (index, offset) = (index + 1, 0) }
            guard index < pieces.count else { return nil }
            let rest = pieces[index].iov_len - offset
            if rest >= recordSize || index + 1 == pieces.count {
                return UnsafeRawBufferPointer(
                    start: pieces[index].iov_base + offset, count: min(rest, recordSize))
            }
            if buffer.count == 0 { buffer = .allocate(byteCount: recordSize, alignment: 64) }
            var (filled, at, from) = (0, index, offset)
            while at < pieces.count, filled < recordSize {
                let count = min(pieces[at].iov_len - from, recordSize - filled)
                if count > 0 {
                    (buffer.baseAddress.unsafelyUnwrapped + filled).copyMemory(
                        from: pieces[at].iov_base + from, byteCount: count)
                }
                (filled, at, from) = (filled + count, at + 1, 0)
            }
            return UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        }

        mutating func advance(by count: Int) {
            var left = count
            while left > 0 {
                let step = min(left, pieces[index].iov_len - offset)
                (offset, left) = (offset + step, left - step)
                if left > 0 { (index, offset) = (index + 1, 0) }
            }
        }
    }
}
