import System

/// Image files, decoded when they are needed and resized to one size.
package final class ImageFiles: SampleBlocks {
    private let files: [String]
    private let directory: String?
    private let shape: [Int]
    private let note: (String) -> Void
    private var done = 0
    private var hasResized = false

    /// - Parameters:
    ///   - path: an image, or a directory; its images and those of its subdirectories are read.
    ///   - shape: `[height, width, channels]` of the model's samples.
    ///   - note: called once if an image has another size.
    /// - Throws: `DatasetError` or `SystemError`.
    package init(_ path: String, shape: [Int], note: @escaping (String) -> Void) throws {
        guard shape.count == 3, shape[2] == 1 || shape[2] == 3 else {
            throw DatasetError(
                "the model takes samples of shape \(shape), which no image has; give a table or an array")
        }
        self.shape = shape
        self.note = note
        let isDirectory = Directory.isDirectory(path)
        directory = isDirectory ? path : nil
        var search = ImageSearch()
        if isDirectory { try search.add(path, depth: 0) } else { search.images = [path] }
        files = search.images
        guard !files.isEmpty else {
            throw DatasetError("`\(path)` has no PNG or JPEG files; give a directory with images")
        }
        if let first = search.skipped.first {
            note(
                "\(TextFormat.count(search.skipped.count, "image")) of other formats than PNG and JPEG cannot"
                    + " be read, such as `\(first)`; convert them")
        }
    }

    /// Tells an image file by its name.
    package static func isImage(_ name: String) -> Bool { ImageFormat(name: name) != nil }

    package func next(limit: Int) throws -> SampleBlock? {
        guard done < files.count else { return nil }
        let block = files[done..<min(files.count, done + limit)]
        done = block.endIndex
        let form = DatasetForm(elementType: .uint8, sampleShape: shape, count: block.count, targets: .absent)
        let dataset = try Dataset.build(form) { features, _ in
            for (index, file) in block.enumerated() {
                UnsafeMutableRawBufferPointer(
                    rebasing: features[index * form.sampleSize..<(index + 1) * form.sampleSize]
                )
                .copyBytes(from: try pixels(of: file))
            }
        }
        return SampleBlock(dataset: dataset, samples: 0..<block.count, names: block.map { [shown($0)] })
    }

    private func pixels(of file: String) throws -> [UInt8] {
        let image = try ImageFile.read(path: file)
        if (image.height != shape[0] || image.width != shape[1]) && !hasResized {
            hasResized = true
            note(
                "images of another size are resized to the model's,"
                    + " \(shape[1]) × \(shape[0]) pixels (`\(file)` has \(image.width) × \(image.height))"
            )
        }
        return image.fitted(to: shape).pixels
    }

    /// The file's path within the directory.
    private func shown(_ file: String) -> String {
        guard let directory, file.hasPrefix(directory) else { return file }
        return String(file.dropFirst(directory.count).drop { $0 == "/" })
    }
}

/// The images of a directory and of those in it, sorted by the bytes of their names, directory by directory.
private struct ImageSearch {
    var images: [String] = []
    /// Images of formats that cannot be read.
    private(set) var skipped: [String] = []
    /// Each directory is visited once, because links may form circles.
    private var known: Set<Directory.Identity> = []

    init() {}

    mutating func add(_ path: String, depth: Int) throws {
        guard let identity = Directory.Identity(of: path), known.insert(identity).inserted else { return }
        for entry in try Directory.entries(path) {
            let inner = Path.join(path, entry.name)
            if FolderNames.isPlaceholder(entry.name) {
                throw DatasetError(
                    "`\(inner)` stands for an image that iCloud has not downloaded; download it in the"
                        + " Finder, or remove it")
            }
            if !FolderNames.isLeftBehind(entry.name) { try add(entry, inner, depth) }
        }
    }

    private mutating func add(_ entry: Directory.Entry, _ path: String, _ depth: Int) throws {
        if case .unreachable(let reason) = entry.kind {
            throw DatasetError("`\(path)` cannot be read: \(reason); mend or remove it")
        }
        guard entry.isUTF8 else {
            throw DatasetError("`\(path)` has a name whose bytes are not UTF-8; rename or remove it")
        }
        if entry.kind == .directory, depth < 16 { try add(path, depth: depth + 1) }
        guard entry.kind == .file else { return }
        guard let format = ImageFile.format(path: path) ?? ImageFormat(name: entry.name) else { return }
        if format.canBeRead { images.append(path) } else { skipped.append(path) }
    }
}
