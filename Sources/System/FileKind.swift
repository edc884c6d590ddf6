/// A kind of file that is often found where another is asked for, by its first bytes.
package enum FileKind: Equatable, Sendable {
    case empty, gitLFSPointer, gitAnnexPointer, webPage, markup, json
    /// A property list, with which a cloud of Apple stands in for a file that it has not sent.
    case propertyList
    /// Nothing but zeros: a copy or a download that was broken off.
    case zeros
    case zip, gzip, zstd, tar
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
