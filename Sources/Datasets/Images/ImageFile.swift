import CImages
import Platform
import System

/// PNG and JPEG files, told apart by their first bytes and read as a viewer shows them: upright by EXIF's
/// orientation, transparent pixels on white, palettes and CMYK as RGB, 16 bits as 8, the first picture of
/// several. Colour profiles are not applied.
package enum ImageFile {
    /// Pixels of the largest image that is read; a larger one is refused before memory is taken.
    package static let pixelLimit = 100_000_000

    /// An image, and what its file says about it.
    struct Contents {
        var image: ByteImage
        var format: ImageFormat
        var metadata: ImageMetadata
        /// Some pixels were transparent and are now on white.
        var isTransparent = false
        var isCMYK = false
        /// The file's end is missing.
        var lacksEnd = false
        /// With the file's end a part of the last rows is missing.
        var lacksRows = false
        /// The greatest colour value of a file of 16 bits; nil for others.
        var greatest: Int?
    }

    /// Reads and decodes a file.
    /// - Throws: `DatasetError`.
    package static func read(path: String) throws -> ByteImage {
        do { return try contents(path: path).image } catch { throw error.error }
    }

    /// Decodes the bytes of a file.
    /// - Parameters:
    ///   - name: the file's name in messages.
    ///   - pixelLimit: pixels of the largest image; a larger one is refused before memory is taken.
    /// - Throws: `DatasetError`.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, pixelLimit: Int = pixelLimit
    ) throws -> ByteImage {
        do { return try contents(bytes, path: name, pixelLimit: pixelLimit).image } catch {
            throw error.error
        }
    }

    static func contents(path: String) throws(UnreadableImage) -> Contents {
        let file: MappedFile
        do {
            file = try MappedFile(path)
        } catch let error as SystemError {
            throw UnreadableImage(
                path,
                error.code.map { "cannot be read: \(SystemError.text(of: $0))" } ?? "is not a regular file",
                cure: "check its owner and mode, or remove it")
        } catch {
            throw UnreadableImage(path, "cannot be read: \(error)")
        }
        defer { withExtendedLifetime(file) {} }
        return try contents(file.bytes, path: path)
    }

    /// The format of the file by its first bytes; nil if it is no image or cannot be opened.
    static func format(path: String) -> ImageFormat? {
        guard let file = try? MappedFile(path) else { return nil }
        return withExtendedLifetime(file) {
            ImageFormat(start: UnsafeRawBufferPointer(rebasing: file.bytes.prefix(ImageFormat.startLength)))
        }
    }

    private static func contents(
        _ bytes: UnsafeRawBufferPointer, path: String, pixelLimit: Int = pixelLimit
    ) throws(UnreadableImage) -> Contents {
        let start = UnsafeRawBufferPointer(rebasing: bytes.prefix(ImageFormat.startLength))
        switch ImageFormat(start: start) {
        case .png:
            let metadata = ImageMetadata(png: bytes)
            return try contents(bytes, path, .png, metadata, pixelLimit, with: cimages_read_png)
        case .jpeg:
            let metadata = ImageMetadata(jpeg: bytes)
            return try contents(bytes, path, .jpeg, metadata, pixelLimit, with: cimages_read_jpeg)
        default: throw UnreadableImage(path, start: start)
        }
    }

    private typealias Decoder = (
        UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<CImage>?, UnsafeMutablePointer<CChar>?
    ) -> Int32

    private static func contents(
        _ bytes: UnsafeRawBufferPointer, _ path: String, _ format: ImageFormat, _ metadata: ImageMetadata,
        _ pixelLimit: Int, with decoder: Decoder
    ) throws(UnreadableImage) -> Contents {
        var raw = CImage()
        defer { free(raw.pixels) }
        let fault = reason {
            decoder(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, pixelLimit, &raw, $0)
        }
        if let fault {
            throw UnreadableImage(path, "is a \(format.rawValue) file that cannot be read: \(fault)")
        }
        let width = Int(raw.width)
        let height = Int(raw.height)
        let channels = Int(raw.channels)
        let pixels = Array(UnsafeBufferPointer(start: raw.pixels, count: width * height * channels))
        let image = ByteImage(width: width, height: height, channels: channels, pixels: pixels)
        func has(_ note: Int) -> Bool { raw.notes & UInt32(note) != 0 }
        return Contents(
            image: image.upright(from: metadata.orientation), format: format, metadata: metadata,
            isTransparent: has(CIMAGES_TRANSPARENT), isCMYK: has(CIMAGES_CMYK),
            lacksEnd: has(CIMAGES_LACKS_END),
            lacksRows: has(CIMAGES_LACKS_ROWS), greatest: raw.greatest > 0 ? Int(raw.greatest) : nil)
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
