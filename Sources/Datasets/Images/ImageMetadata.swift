import CZlib
import Platform

/// A file's statements about how its pixels are to be shown. A damaged statement counts as none.
struct ImageMetadata: Equatable {
    /// EXIF's orientation, 1 to 8: see `ByteImage.upright(from:)`.
    var orientation = 1
    /// The name of the colour space; nil for sRGB, and where the file does not say.
    var colorSpace: String?
    /// Pictures in the file. The first one is read.
    var pictures = 1

    /// Looks through the segments of a JPEG file that stand before the pixels.
    init(jpeg bytes: UnsafeRawBufferPointer) {
        var offset = 2
        var hasEXIF = false
        while let marker = bytes.number(at: offset, byteCount: 2), marker > 0xFF00 {
            if marker == 0xFFFF || marker == 0xFF01 || (0xFFD0...0xFFD8).contains(marker) {
                offset += marker == 0xFFFF ? 1 : 2
                continue
            }
            guard marker != 0xFFDA, marker != 0xFFD9, let length = bytes.number(at: offset + 2, byteCount: 2)
            else {
                break
            }
            let content = bytes.part(offset + 4, length - 2)
            if marker == 0xFFE1, content.hasPrefix("Exif\0"), !hasEXIF {
                hasEXIF = true
                readEXIF(content.part(6, content.count))
            } else if marker == 0xFFE2, content.hasPrefix("ICC_PROFILE\0\u{1}") {
                colorSpace = ColorProfile.name(content.part(14, content.count))
            } else if marker == 0xFFE2, content.hasPrefix("MPF\0") {
                pictures = max(1, TIFFDirectory(content.part(4, content.count))?.number(0xB001) ?? 1)
            }
            offset += 2 + max(2, length)
        }
    }

    /// Looks through the chunks of a PNG file (third edition). Of several statements about the colours,
    /// `cICP` counts before `iCCP`, that before `sRGB`, and `gAMA` last, as the standard says.
    init(png bytes: UnsafeRawBufferPointer) {
        var spaces: [String: String?] = [:]
        var offset = 8
        while let length = bytes.number(at: offset, byteCount: 4) {
            let kind = String(decoding: bytes.part(offset + 4, 4), as: UTF8.self)
            let content = bytes.part(offset + 8, length)
            if Self.kinds.contains(kind), Self.isSound(bytes, offset, length) {
                switch kind {
                case "eXIf": readEXIF(content.hasPrefix("Exif\0\0") ? content.part(6, length) : content)
                case "acTL": pictures = max(1, content.number(at: 0, byteCount: 4) ?? 1)
                case "cICP": spaces[kind] = Self.codePoints(content)
                case "iCCP":
                    let name = content.prefix { $0 != 0 }.count
                    spaces[kind] = ColorProfile.name(packed: content.part(name + 2, length))
                case "gAMA": spaces[kind] = Self.gamma(content)
                default: spaces[kind] = .some(nil)
                }
            }
            offset += 12 + length
        }
        for kind in ["cICP", "iCCP", "sRGB", "gAMA"] {
            guard let space = spaces[kind] else { continue }
            colorSpace = space
            return
        }
    }

    private static let kinds: Set = ["eXIf", "acTL", "cICP", "iCCP", "sRGB", "gAMA"]

    /// Compares the checksum of the chunk at `offset`.
    private static func isSound(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ length: Int) -> Bool {
        let covered = bytes.part(offset + 4, 4 + length)
        let sum = crc32(0, covered.baseAddress?.assumingMemoryBound(to: Bytef.self), uInt(covered.count))
        return covered.count == 4 + length && bytes.number(at: offset + 8 + length, byteCount: 4) == Int(sum)
    }

    private mutating func readEXIF(_ bytes: UnsafeRawBufferPointer) {
        guard let stated = TIFFDirectory(bytes)?.number(0x0112), (1...8).contains(stated) else { return }
        orientation = stated
    }

    /// The colours in the code points of ITU-T H.273; nil for sRGB (1, 13).
    private static func codePoints(_ content: UnsafeRawBufferPointer) -> String? {
        guard content.count == 4, content[0] != 1 || content[1] != 13 else { return nil }
        return "H.273 \(content[0])/\(content[1])"
    }

    /// The exponent of the values; nil for about sRGB's, 1/2.2.
    private static func gamma(_ content: UnsafeRawBufferPointer) -> String? {
        guard let value = content.number(at: 0, byteCount: 4), value > 0, !(43_000...48_000).contains(value)
        else {
            return nil
        }
        return "gamma \(Double(value) / 100_000)"
    }
}
