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
        case .xz: self.init("is compressed by xz", "unpack it with xz -d")
        case .bzip2: self.init("is compressed by bzip2", "unpack it with bunzip2")
        case .zstd: self.init("is compressed by zstd", "unpack it with zstd -d")
        case .tar: self.init("is a tar archive", "unpack it with tar -xf and give what is in it")
        case .sevenZip: self.init("is a 7z archive", "unpack it with 7z x and give what is in it")
        case .parquet:
            self.init(
                "is a Parquet file", "save it as CSV: pandas.read_parquet(FILE).to_csv(OUTPUT, index=False)")
        case .arrow:
            self.init(
                "is an Arrow or Feather file",
                "save it as CSV: pandas.read_feather(FILE).to_csv(OUTPUT, index=False)")
        case .sqlite:
            self.init("is an SQLite database", "export the table: sqlite3 -header -csv FILE 'SELECT …'")
        case .officeBinary:
            self.init("is a workbook or document of Office", "save it as CSV, in the spreadsheet program")
        case .npy: self.init("is a NumPy array", "give it as features or targets: `npy`")
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

    /// Looks at a file that is to be a table.
    static func inPlaceOfTable(_ path: String) -> ForeignFile? {
        let name = path.lowercased()
        if [".xlsx", ".xlsm", ".ods", ".numbers"].contains(where: { name.hasSuffix($0) }) {
            return ForeignFile(
                "is a workbook of a spreadsheet program", "save it as CSV in that program, and give that file"
            )
        }
        if [".json", ".jsonl", ".ndjson"].contains(where: { name.hasSuffix($0) }) {
            return ForeignFile(
                "is JSON", "save it as CSV: pandas.read_json(FILE).to_csv(OUTPUT, index=False)")
        }
        return ForeignFile(path: path)
    }

    private init(_ fault: String, _ cure: String) {
        self.fault = fault
        self.cure = cure
    }
}
