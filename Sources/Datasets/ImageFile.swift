import CImages
import Platform
import System

/// PNG and JPEG files, told apart by their first bytes. Alpha is dropped (the colours stay as stored),
/// palettes become RGB, 16 bits become 8. Colour profiles and a camera's orientation are not applied.
package enum ImageFile {
    /// Pixels of the largest image that is read; a larger one is refused before memory is taken.
    package static let pixelLimit = 100_000_000

    /// Reads and decodes a file.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func read(path: String) throws -> ByteImage {
        let file = try MappedFile(path)
        return try decode(file.bytes, name: path)
    }

    /// Decodes the bytes of a file.
    /// - Parameter name: the file's name in messages.
    /// - Throws: `DatasetError`.
    package static func decode(_ bytes: UnsafeRawBufferPointer, name: String) throws -> ByteImage {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return try decode(bytes, name: name, format: "PNG", with: cimages_read_png)
        }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            return try decode(bytes, name: name, format: "JPEG", with: cimages_read_jpeg)
        }
        let start = bytes.isEmpty ? "is empty" : "starts with \(TextFormat.hex(bytes.prefix(8)))"
        throw DatasetError(
            "`\(name)` is neither a PNG nor a JPEG file: it \(start); convert it, or remove it")
    }

    private typealias Decoder = (
        UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<CImage>?, UnsafeMutablePointer<CChar>?
    ) -> Int32

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, format: String, with decoder: Decoder
    ) throws -> ByteImage {
        var image = CImage()
        defer { free(image.pixels) }
        let fault = reason {
            decoder(
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, pixelLimit, &image, $0)
        }
        if let fault {
            throw DatasetError(
                "`\(name)` is a \(format) file that cannot be read: \(fault); replace or remove it")
        }
        let width = Int(image.width)
        let height = Int(image.height)
        let channels = Int(image.channels)
        let pixels = Array(UnsafeBufferPointer(start: image.pixels, count: width * height * channels))
        return ByteImage(width: width, height: height, channels: channels, pixels: pixels)
    }

    /// Calls a C function that writes the reason of a failure into a buffer. Returns that reason, or nil.
    static func reason(_ body: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CIMAGES_REASON_SIZE)) { buffer in
            guard let start = buffer.baseAddress else { return "there is no memory for it" }
            start.update(repeating: 0, count: buffer.count)
            return body(start) == 0 ? nil : String(cString: start)
        }
    }
}
