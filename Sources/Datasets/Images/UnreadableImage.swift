import System

/// An image file that cannot be read: its path, what is wrong with it, and what to do.
struct UnreadableImage: Error, Equatable {
    let path: String
    /// A clause behind the path: "is a PNG file that cannot be read: it is truncated".
    let fault: String
    /// An imperative: "replace or remove it".
    let cure: String

    init(_ path: String, _ fault: String, cure: String = "replace or remove it") {
        self.path = path
        self.fault = fault
        self.cure = cure
    }

    var error: DatasetError { DatasetError("`\(path)` \(fault); \(cure)") }

    /// Says what a file is instead of a PNG or JPEG file.
    init(_ path: String, start: UnsafeRawBufferPointer) {
        if let format = ImageFormat(start: start) {
            self.init(
                path, "is a \(format.rawValue) image; PNG and JPEG can be read",
                cure: "convert it, or remove it")
        } else if let known = ForeignFile(start: start) {
            self.init(path, known.fault, cure: known.cure)
        } else {
            let beginning = start.isEmpty ? "is empty" : "starts with \(TextFormat.hex(start.prefix(8)))"
            self.init(
                path, "is neither a PNG nor a JPEG file: it \(beginning)", cure: "convert it, or remove it")
        }
    }
}
