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
        self.init(start: UnsafeRawBufferPointer(rebasing: file.bytes.prefix(FileKind.startLength)))
    }

    init?(start: UnsafeRawBufferPointer) {
        switch FileKind(start: start) {
        case .gitLFSPointer: self.init("is a Git LFS pointer, not the file itself", "run `git lfs pull`")
        case .gitAnnexPointer: self.init("is a git-annex pointer, not the file itself", "run `git annex get`")
        case .propertyList:
            self.init(
                "is a property list: a file that a cloud has not sent",
                "download it in the Finder, or remove it")
        case .webPage: self.init("is a web page: its download failed", "download it again, or remove it")
        case .zeros:
            self.init(
                "holds zeros: it was not copied or downloaded completely", "copy it again, or remove it")
        case .zip:
            self.init("is a ZIP archive", "unpack it and give what is in it")
            isArchive = true
        case .hdf5: self.init("is an HDF5 file", "write its arrays with numpy.save, one per file")
        case .pickle:
            self.init("is a Python pickle", "load it in Python and write its arrays with numpy.save")
        case .matlab:
            self.init(
                "is a MATLAB file", "load it with scipy.io.loadmat and write its arrays with numpy.save")
        default:
            guard let format = ImageFormat(start: start) else { return nil }
            self.init("is a \(format.rawValue) image", "give images as a folder: `image_folder`")
        }
    }

    private init(_ fault: String, _ cure: String) {
        self.fault = fault
        self.cure = cure
    }
}
