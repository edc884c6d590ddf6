import CZlib
import Platform

/// The name of the colour space that an ICC profile (ICC.1:2022) describes.
enum ColorProfile {
    /// The name of a colour space other than sRGB; nil for sRGB.
    /// - Parameter profile: the profile, or its first bytes.
    static func name(_ profile: UnsafeRawBufferPointer) -> String? {
        let name = description(profile) ?? "an unnamed profile"
        // The second is the name in the small sRGB profile that is put into previews on the web.
        return name.contains("sRGB") || name == "c2" ? nil : name
    }

    /// The name of a profile that is packed with deflate, as in a PNG file.
    static func name(packed: UnsafeRawBufferPointer) -> String? {
        var stream = z_stream()
        guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { output in
            stream.next_in = UnsafeMutablePointer(
                mutating: packed.baseAddress?.assumingMemoryBound(to: Bytef.self))
            stream.avail_in = uInt(packed.count)
            stream.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.avail_out = uInt(output.count)
            _ = inflate(&stream, Z_SYNC_FLUSH)
            return name(UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.avail_out))]))
        }
    }

    /// The text of the tag `desc`.
    private static func description(_ profile: UnsafeRawBufferPointer) -> String? {
        guard let count = profile.number(at: 128, byteCount: 4) else { return nil }
        for entry in stride(from: 132, to: 132 + 12 * min(count, 100), by: 12)
        where profile.part(entry, 4).hasPrefix("desc") {
            guard let offset = profile.number(at: entry + 4, byteCount: 4),
                let size = profile.number(at: entry + 8, byteCount: 4)
            else { return nil }
            return text(profile.part(offset, size))
        }
        return nil
    }

    /// The text of an element of the type `desc` (version 2) or `mluc` (version 4, the first language).
    private static func text(_ element: UnsafeRawBufferPointer) -> String? {
        var text: String?
        if element.hasPrefix("desc"), let length = element.number(at: 8, byteCount: 4) {
            text = String(decoding: element.part(12, length).prefix { $0 != 0 }, as: UTF8.self)
        } else if element.hasPrefix("mluc"), let length = element.number(at: 20, byteCount: 4),
            let offset = element.number(at: 24, byteCount: 4)
        {
            let bytes = element.part(offset, length)
            let units = stride(from: 0, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
            }
            text = String(decoding: units, as: UTF16.self)
        }
        guard let text else { return nil }
        let shown = String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(60)))
        return shown.isEmpty ? nil : shown
    }
}
