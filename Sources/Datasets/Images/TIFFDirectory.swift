/// The first directory of a TIFF structure (TIFF 6.0), the form of EXIF and of the index of a multi-picture
/// file.
struct TIFFDirectory {
    private let bytes: UnsafeRawBufferPointer
    private let isBigEndian: Bool
    private let entries: Range<Int>

    /// - Parameter bytes: the structure, from its byte order mark on.
    init?(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        switch bytes.prefix(4).map({ $0 }) {
        case [0x49, 0x49, 0x2A, 0]: isBigEndian = false
        case [0x4D, 0x4D, 0, 0x2A]: isBigEndian = true
        default: return nil
        }
        guard let start = bytes.number(at: 4, byteCount: 4, isBigEndian: isBigEndian),
            let count = bytes.number(at: start, byteCount: 2, isBigEndian: isBigEndian)
        else { return nil }
        entries = start + 2..<start + 2 + 12 * count
    }

    /// The number of a tag whose type is SHORT or LONG; nil if the tag is absent or has several values.
    func number(_ tag: Int) -> Int? {
        for entry in stride(from: entries.lowerBound, to: entries.upperBound, by: 12) {
            guard let found = field(entry, 2) else { return nil }
            guard found == tag else { continue }
            guard field(entry + 4, 4) == 1, let type = field(entry + 2, 2) else { return nil }
            return type == 3 ? field(entry + 8, 2) : type == 4 ? field(entry + 8, 4) : nil
        }
        return nil
    }

    private func field(_ offset: Int, _ byteCount: Int) -> Int? {
        bytes.number(at: offset, byteCount: byteCount, isBigEndian: isBigEndian)
    }
}

extension UnsafeRawBufferPointer {
    /// An unsigned number of at most 4 bytes; nil where it is not there wholly.
    func number(at offset: Int, byteCount: Int, isBigEndian: Bool = true) -> Int? {
        guard offset >= 0, offset <= count - byteCount else { return nil }
        let bytes = self[offset..<offset + byteCount]
        return isBigEndian
            ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// A part of these bytes, as far as it is there.
    func part(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
        let start = Swift.min(Swift.max(offset, 0), count)
        return UnsafeRawBufferPointer(
            rebasing: self[start..<start + Swift.min(Swift.max(length, 0), count - start)])
    }

    func hasPrefix(_ text: String) -> Bool { starts(with: text.utf8) }
}
