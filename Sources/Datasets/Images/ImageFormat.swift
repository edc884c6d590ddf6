/// The kind of an image file, told by its first bytes, or by its name where the bytes do not tell.
package enum ImageFormat: String, CaseIterable, Sendable {
    // These can be read.
    case png = "PNG"
    case jpeg = "JPEG"
    // These are images of formats that cannot be read.
    case webp = "WebP"
    case gif = "GIF"
    case bmp = "BMP"
    case tiff = "TIFF"
    case heic = "HEIC"
    case avif = "AVIF"
    case jpeg2000 = "JPEG 2000"
    case jpegXL = "JPEG XL"
    case photoshop = "Photoshop"
    case svg = "SVG"
    case icon = "ICO"
    case pnm = "PNM"
    case qoi = "QOI"
    case exr = "OpenEXR"
    case dds = "DDS"
    case tga = "TGA"
    case raw = "raw camera"
    case dicom = "DICOM"

    package var canBeRead: Bool { self == .png || self == .jpeg }

    /// The longest start of a file that is looked at, in bytes.
    static let startLength = 132

    /// Finds the format by the first bytes of a file; nil if no image begins like this.
    init?(start: UnsafeRawBufferPointer) {
        func has(_ text: String, at offset: Int = 0) -> Bool {
            start.count >= offset && start.dropFirst(offset).starts(with: text.utf8)
        }
        func has(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
        if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if has([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if has("RIFF"), has("WEBP", at: 8) {
            self = .webp
        } else if has("GIF87a") || has("GIF89a") {
            self = .gif
        } else if has("BM"), start.count > 26, start[14] >= 12, start[15] == 0 {  // size of the second header
            self = .bmp
        } else if has([0x49, 0x49, 0x2A, 0]) || has([0x4D, 0x4D, 0, 0x2A]) || has([0x49, 0x49, 0x2B, 0]) {
            self = .tiff
        } else if has("ftyp", at: 4) {
            guard let brand = Self.brands.first(where: { has($0.key, at: 8) }) else { return nil }
            self = brand.value
        } else if has("jP  ", at: 4) || has([0xFF, 0x4F, 0xFF, 0x51]) {
            self = .jpeg2000
        } else if has("JXL ", at: 4) || has([0xFF, 0x0A]) {
            self = .jpegXL
        } else if has("8BPS") {
            self = .photoshop
        } else if has("<svg") {
            self = .svg
        } else if has([0, 0, 1, 0]), start.count > 22, start[5] == 0, start[9] == 0 {
            self = .icon
        } else if start.count > 2, start[0] == UInt8(ascii: "P"), (0x31...0x36).contains(start[1]),
            [0x0A, 0x0D, 0x20, 0x09].contains(start[2])
        {
            self = .pnm
        } else if has("qoif") {
            self = .qoi
        } else if has([0x76, 0x2F, 0x31, 0x01]) {
            self = .exr
        } else if has("DDS ") {
            self = .dds
        } else if has("DICM", at: 128) {
            self = .dicom
        } else {
            return nil
        }
    }

    /// Brands of ISO base media files (ISO/IEC 14496-12) that hold a picture.
    private static let brands: [String: ImageFormat] = [
        "avif": .avif, "avis": .avif, "heic": .heic, "heix": .heic, "heim": .heic, "heis": .heic,
        "hevc": .heic, "hevx": .heic, "mif1": .heic, "msf1": .heic, "crx ": .raw,
    ]

    /// Finds the format by the ending of a file's name, upper or lower case; nil if it is no image's.
    init?(name: String) {
        let parts = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1, let ending = parts.last else { return nil }
        guard let format = Self.endings.first(where: { $0.value.contains(String(ending)) })?.key else {
            return nil
        }
        self = format
    }

    private static let endings: [ImageFormat: [String]] = [
        .png: ["png", "apng"], .jpeg: ["jpg", "jpeg", "jpe", "jfif", "jif", "jfi", "pjpeg", "pjp"],
        .webp: ["webp"], .gif: ["gif"], .bmp: ["bmp", "dib"], .tiff: ["tif", "tiff"],
        .heic: ["heic", "heif", "hif"], .avif: ["avif"],
        .jpeg2000: ["jp2", "j2k", "jpf", "jpx", "jpc", "jpm"],
        .jpegXL: ["jxl"], .photoshop: ["psd", "psb"], .svg: ["svg", "svgz"], .icon: ["ico", "cur"],
        .pnm: ["pnm", "pbm", "pgm", "ppm", "pam"], .qoi: ["qoi"], .exr: ["exr"], .dds: ["dds"], .tga: ["tga"],
        .raw: ["cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2", "pef", "srw"], .dicom: ["dcm"],
    ]
}
