/// A kind of file that is often found where another is asked for, by its first bytes.
package enum FileKind: Equatable, Sendable {
    case empty, gitLFSPointer, gitAnnexPointer, webPage, markup, json
    /// A property list, with which a cloud of Apple stands in for a file that it has not sent.
    case propertyList
    /// Nothing but zeros: a copy or a download that was broken off.
    case zeros
    case zip, gzip, zstd, tar, xz, bzip2, sevenZip
    /// Tables of other programs; a workbook of Excel is `zip`, or `officeBinary` before 2007.
    case parquet, arrow, sqlite, officeBinary
    /// Arrays and tensors of other programs.
    case hdf5, pickle, matlab, npy, gguf, tensorFlowLite

    /// The number of first bytes that tell the kind.
    package static let startLength = 512

    /// - Parameter start: the first bytes of a file, `startLength` of them or all.
    /// - Returns: nil if the kind is not known.
    package init?(start: UnsafeRawBufferPointer) {
        func begins(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
        func has(_ text: StaticString, at offset: Int) -> Bool {
            start.dropFirst(offset).starts(
                with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
        let text = String(decoding: start, as: UTF8.self).lowercased()
        let words = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        if start.isEmpty {
            self = .empty
        } else if text.hasPrefix("version https://git-lfs") {
            self = .gitLFSPointer
        } else if text.contains("annex/objects/") {
            self = .gitAnnexPointer
        } else if text.hasPrefix("bplist") {
            self = .propertyList
        } else if words.hasPrefix("<!doctype html") || words.hasPrefix("<html") {
            self = .webPage
        } else if start.count >= 8, start.allSatisfy({ $0 == 0 }) {
            self = .zeros
        } else if begins([0x50, 0x4B, 3, 4]) {
            self = .zip
        } else if begins([0x89, 0x48, 0x44, 0x46]) {
            self = .hdf5
        } else if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]) {
            self = .pickle
        } else if text.hasPrefix("matlab 5.0") {
            self = .matlab
        } else if begins([0x93]), has("NUMPY", at: 1) {
            self = .npy
        } else if has("GGUF", at: 0) {
            self = .gguf
        } else if has("TFL3", at: 4) {
            self = .tensorFlowLite
        } else if begins([0x1F, 0x8B]) {
            self = .gzip
        } else if begins([0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
            self = .xz
        } else if has("BZh", at: 0), start.count > 3, (0x31...0x39).contains(start[3]) {
            self = .bzip2
        } else if begins([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) {
            self = .sevenZip
        } else if has("PAR1", at: 0) {
            self = .parquet
        } else if has("ARROW1", at: 0) || has("FEA1", at: 0) {
            self = .arrow
        } else if has("SQLite format 3", at: 0) {
            self = .sqlite
        } else if begins([0xD0, 0xCF, 0x11, 0xE0]) {
            self = .officeBinary
        } else if has("ustar", at: 257) {
            self = .tar
        } else if words.hasPrefix("<") {
            self = .markup
        } else if words.hasPrefix("{") || words.hasPrefix("[") {
            self = .json
        } else {
            return nil
        }
    }
}
