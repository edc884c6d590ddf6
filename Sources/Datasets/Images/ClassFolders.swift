import System

/// The class folders of an image folder, and the files in them that are read as images.
struct ClassFolders {
    struct File: Equatable {
        var path: String
        var label: Int
    }

    private(set) var classes: [String]
    private(set) var images: [File] = []
    /// Files that are images by their names, but cannot be opened.
    private(set) var unreadable: [UnreadableImage] = []
    private(set) var survey: ImageSurvey

    /// - Parameter classNames: the classes of the training data; nil takes the names of the folders.
    /// - Throws: `DatasetError` or `SystemError`.
    init(_ path: String, classNames: [String]?) throws {
        survey = ImageSurvey(path: path)
        classes = classNames ?? []
        let folders = try classFolders(of: path)
        if classNames == nil { classes = folders }
        for folder in folders {
            // The same name may be spelled in two ways, as an é in one character or in two.
            guard let label = classes.firstIndex(of: folder) else {
                throw DatasetError(
                    "`\(Path.join(path, folder))` is a class that the training data do not have;"
                        + " remove it, or train with it")
            }
            try addImages(of: Path.join(path, folder), label, of: path)
        }
        survey.missingClasses = classes.filter { !folders.contains($0) }
    }

    /// The names of the class folders, sorted by their bytes.
    private mutating func classFolders(of path: String) throws -> [String] {
        var names: [String] = []
        for entry in try Directory.entries(path) where !FolderNames.isLeftBehind(entry.name) {
            let inner = Path.join(path, entry.name)
            switch entry.kind {
            case .directory:
                guard entry.isUTF8 else {
                    throw DatasetError(
                        "the folder `\(inner)` has a name whose bytes are not UTF-8; rename it, for example"
                            + " with `convmv -f latin1 -t utf8 -r --notest`")
                }
                if let same = names.first(where: { $0 == entry.name }) {
                    throw DatasetError(
                        "`\(path)` has two folders that are called `\(same)`, in two spellings of Unicode"
                            + " (composed and decomposed); move their images into one")
                }
                names.append(entry.name)
            case .unreachable(let reason):
                throw DatasetError(
                    "`\(inner)` cannot be read: \(reason); if it is a class, mend it, otherwise remove it")
            case .file where ImageFormat(name: entry.name) != nil: survey.outside.add(inner)
            case .file, .special: survey.others.add(inner)
            }
        }
        guard !names.isEmpty else {
            let found =
                survey.outside.count > 0
                ? " but \(TextFormat.count(survey.outside.count, "image")), such as"
                    + " `\(survey.outside.example)`"
                : ""
            throw DatasetError(
                "`\(path)` has no subdirectories\(found); put the images of each class into a directory with"
                    + " the class's name"
            )
        }
        return names
    }

    /// Sorts the entries of a class folder.
    private mutating func addImages(of path: String, _ label: Int, of root: String) throws {
        let before = images.count + unreadable.count
        let skippedBefore = survey.skipped
        for entry in try Directory.entries(path) {
            let file = Path.join(path, entry.name)
            if FolderNames.isPlaceholder(entry.name) {
                unreadable.append(
                    UnreadableImage(
                        file, "stands for an image that iCloud has not downloaded",
                        cure: "download it in the Finder, or remove it"))
            } else if !FolderNames.isLeftBehind(entry.name) {
                try add(entry, file, label, of: root)
            }
        }
        guard images.count + unreadable.count == before else { return }
        let formats = survey.skipped.filter { skippedBefore[$0.key] != $0.value }.keys.map(\.rawValue)
            .sorted()
        throw DatasetError(
            "`\(path)` has no PNG or JPEG"
                + " files\(formats.isEmpty ? "" : ", but \(formats.joined(separator: ", "))");"
                + (formats.isEmpty
                    ? " remove the class, or add images"
                    : " convert them, for example with ImageMagick: `magick mogrify -format png FILES`"))
    }

    private mutating func add(_ entry: Directory.Entry, _ path: String, _ label: Int, of root: String) throws
    {
        let stated = ImageFormat(name: entry.name)
        switch entry.kind {
        case .directory: throw Self.nested(path, in: root)
        case .unreachable(let reason):
            unreadable.append(UnreadableImage(path, "cannot be read: \(reason)", cure: "mend or remove it"))
        case .special where stated != nil:
            unreadable.append(UnreadableImage(path, "is not a regular file", cure: "remove it"))
        case .file where !entry.isUTF8 && stated != nil:
            unreadable.append(
                UnreadableImage(path, "has a name whose bytes are not UTF-8", cure: "rename or remove it"))
        case .file where entry.isUTF8:
            // A file that is called PNG or JPEG is one, or damaged, unless it is an image of another format.
            let format = ImageFile.format(path: path) ?? stated
            if let format, format.canBeRead {
                images.append(File(path: path, label: label))
            } else if let format {
                survey.skipped[format, default: ImageSurvey.Finding()].add(path)
            } else {
                survey.others.add(path)
            }
        case .file, .special: survey.others.add(path)
        }
    }

    /// A directory inside a class: perhaps the path is one level too high.
    private static func nested(_ path: String, in root: String) -> DatasetError {
        let folder = Path.directory(of: path)
        let siblings = ((try? Directory.entries(root)) ?? []).filter {
            $0.kind == .directory && !FolderNames.isLeftBehind($0.name)
        }
        let splits = siblings.filter { FolderNames.isSplit($0.name) }.map { Path.join(root, $0.name) }
        if splits.count > 1 || FolderNames.isSplit(Path.name(of: folder)) {
            let names = splits.map { "`\($0)`" }.joined(separator: ", ")
            let training = splits.first { Path.name(of: $0).lowercased().hasPrefix("train") } ?? splits[0]
            return DatasetError(
                "`\(root)` holds parts of a data set (\(names)), not classes: give each part as a source of"
                    + " its own, such as `train: {image_folder: {path: \"\(training)\"}}`")
        }
        let hint =
            siblings.count == 1
            ? "; if `\(folder)` has the classes, give that path"
            : "; move its images up, or remove it"
        return DatasetError("`\(path)` is a directory inside a class\(hint)")
    }
}
