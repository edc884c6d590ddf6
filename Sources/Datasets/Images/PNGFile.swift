import CImages
import Platform
import System

/// Writes images as PNG files, grey or RGB with 8 bits.
package enum PNGFile {
    /// Writes the file atomically: completely or not at all.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func write(_ image: ByteImage, to path: String) throws {
        try File.writeAtomically(encode(image), to: path)
    }

    /// Encodes an image as the bytes of a PNG file.
    /// - Throws: `DatasetError` if libpng reports an error.
    package static func encode(_ image: ByteImage) throws -> [UInt8] {
        var pixels = image.pixels
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        defer { free(bytes) }
        let fault = pixels.withUnsafeMutableBufferPointer { pixels in
            var raw = CImage()
            raw.width = UInt32(image.width)
            raw.height = UInt32(image.height)
            raw.channels = UInt32(image.channels)
            raw.pixels = pixels.baseAddress
            return ImageFile.reason { cimages_write_png(&raw, &bytes, &count, $0) }
        }
        if let fault {
            throw DatasetError(
                "an image of \(image.width) × \(image.height) pixels cannot be written as PNG: \(fault)")
        }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
