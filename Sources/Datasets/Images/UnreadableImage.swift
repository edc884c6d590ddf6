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

extension UnreadableImage {
    /// The error that names several files, the first few of them.
    /// - Parameter total: images in the folder, readable ones included.
    static func error(_ unreadable: [UnreadableImage], of total: Int, in folder: ImageFolder)
        -> DatasetError
    {
        let option = folder.damaged == .skip ? "" : "; `damaged: \"skip\"` leaves such files out"
        if let only = unreadable.first, unreadable.count == 1 {
            return DatasetError("`\(only.path)` \(only.fault); \(only.cure)\(option)")
        }
        let most = 10
        let lines = unreadable.prefix(most).map { "\n  `\($0.path)` \($0.fault)" }.joined()
        let rest =
            unreadable.count > most ? "\n  … and \(TextFormat.grouped(unreadable.count - most)) more" : ""
        let cures = unreadable.reduce(into: [String]()) { if !$0.contains($1.cure) { $0.append($1.cure) } }
        return DatasetError(
            "\(TextFormat.grouped(unreadable.count)) of \(TextFormat.count(total, "image")) in"
                + " `\(folder.path)` cannot be"
                + " read:\(lines)\(rest)\n\(cures.prefix(3).joined(separator: "; or: "))\(option)")
    }
}
