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
        let text = String(decoding: start.prefix(ImageFormat.startLength), as: UTF8.self).lowercased()
        let words = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        if let format = ImageFormat(start: start) {
            self.init(
                path, "is a \(format.rawValue) image; PNG and JPEG can be read",
                cure: "convert it, or remove it")
        } else if text.hasPrefix("version https://git-lfs") {
            self.init(path, "is a Git LFS pointer, not the image itself", cure: "run `git lfs pull`")
        } else if text.contains("annex/objects/") {
            self.init(path, "is a git-annex pointer, not the image itself", cure: "run `git annex get`")
        } else if text.hasPrefix("bplist") {
            self.init(
                path, "is a property list, not an image: a file that a cloud has not sent",
                cure: "download it in the Finder, or remove it")
        } else if words.hasPrefix("<!doctype html") || words.hasPrefix("<html") {
            self.init(
                path, "is a web page, not an image: its download failed",
                cure: "download it again, or remove it")
        } else if start.count >= 8, start.prefix(ImageFormat.startLength).allSatisfy({ $0 == 0 }) {
            self.init(
                path, "holds zeros: it was not copied or downloaded completely",
                cure: "copy it again, or remove it")
        } else {
            let beginning = start.isEmpty ? "is empty" : "starts with \(TextFormat.hex(start.prefix(8)))"
            self.init(
                path, "is neither a PNG nor a JPEG file: it \(beginning)", cure: "convert it, or remove it")
        }
    }
}
