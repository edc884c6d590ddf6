import System

/// A file of a kind that is often found where another is asked for: what it is, and what to do.
struct ForeignFile: Equatable {
    /// A clause behind the path: "is a web page: its download failed".
    let fault: String
    let cure: String
    /// Whether the file is a ZIP archive, as those of numpy.savez and torch.save are.
    private(set) var isArchive = false

    /// Looks at the first bytes of a file; nil if they are not known, or if the file cannot be opened.
    init?(path: String) {
        guard let file = try? MappedFile(path) else { return nil }
        defer { withExtendedLifetime(file) {} }
        self.init(start: UnsafeRawBufferPointer(rebasing: file.bytes.prefix(ImageFormat.startLength)))
    }

    init?(start: UnsafeRawBufferPointer) {
        let text = String(decoding: start, as: UTF8.self).lowercased()
        let words = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        if text.hasPrefix("version https://git-lfs") {
            self.init("is a Git LFS pointer, not the file itself", "run `git lfs pull`")
        } else if text.contains("annex/objects/") {
            self.init("is a git-annex pointer, not the file itself", "run `git annex get`")
        } else if text.hasPrefix("bplist") {
            self.init(
                "is a property list: a file that a cloud has not sent",
                "download it in the Finder, or"
                    + " remove it")
        } else if words.hasPrefix("<!doctype html") || words.hasPrefix("<html") {
            self.init("is a web page: its download failed", "download it again, or remove it")
        } else if start.count >= 8, start.allSatisfy({ $0 == 0 }) {
            self.init(
                "holds zeros: it was not copied or downloaded completely", "copy it again, or remove it")
        } else if start.starts(with: [0x50, 0x4B, 3, 4]) {
            self.init("is a ZIP archive", "unpack it and give what is in it")
            isArchive = true
        } else if start.starts(with: [0x89, 0x48, 0x44, 0x46]) {
            self.init("is an HDF5 file", "write its arrays with numpy.save, one per file")
        } else if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]) {
            self.init("is a Python pickle", "load it in Python and write its arrays with numpy.save")
        } else if text.hasPrefix("matlab 5.0") {
            self.init(
                "is a MATLAB file",
                "load it with scipy.io.loadmat and write its arrays with"
                    + " numpy.save")
        } else if let format = ImageFormat(start: start) {
            self.init("is a \(format.rawValue) image", "give images as a folder: `image_folder`")
        } else {
            return nil
        }
    }

    private init(_ fault: String, _ cure: String) {
        self.fault = fault
        self.cure = cure
    }
}
