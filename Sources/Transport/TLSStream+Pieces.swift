import Platform

extension TLSStream {
    /// Cuts the bytes to be sent into contents of TLS records. Full records are taken from where the bytes
    /// lie; a small piece is joined with the bytes after it.
    struct Pieces {
        private let pieces: UnsafeMutableBufferPointer<iovec>
        private var index = 0
        private var offset = 0

        init(_ pieces: UnsafeMutableBufferPointer<iovec>) { self.pieces = pieces }

        /// Returns the next record's content, nil at the end. It is valid until the next call.
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
                filled = filled + count
                at = at + 1
                from = 0
            }
            return UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        }

        mutating func advance(by count: Int) {
            var left = count
            while left > 0 {
                let step = min(left, pieces[index].iov_len - offset)
                offset = offset + step
                left = left - step
                if left > 0 { (index, offset) = (index + 1, 0) }
            }
        }
    }
}
