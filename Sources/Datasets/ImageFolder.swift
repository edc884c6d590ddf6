import System

/// A directory of PNG and JPEG files with a subdirectory per class.
package struct ImageFolder: Equatable, Sendable {
    package var path: String
    /// The size that images are resized to; nil if all have the same size already.
    package var size: Size?
    /// 1 (grey) or 3 (red, green, blue).
    package var channels: Int

    package struct Size: Equatable, Sendable {
        package var height: Int
        package var width: Int

        package init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }
    }

    package init(path: String, size: Size? = nil, channels: Int = 3) {
        self.path = path
        self.size = size
        self.channels = channels
    }
}

extension Dataset {
    /// Reads a folder of images: samples `[height, width, channels]` of bytes. Classes are the names of the
    /// subdirectories, sorted by bytes; the files of a class are in the order of their names. Hidden files,
    /// and files that do not end in .png, .jpg or .jpeg, are ignored.
    /// - Parameter classNames: the classes of the training data. A subdirectory with another name is then an
    ///   error, and a class may be absent.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func images(_ folder: ImageFolder, classNames: [String]? = nil) throws -> Dataset {
        let names = try subdirectories(of: folder.path)
        if let classNames, let unknown = names.first(where: { !classNames.contains($0) }) {
            throw DatasetError(
                "`\(Path.join(folder.path, unknown))` is a class that the training data do not have;"
                    + " remove it, or train with it"
            )
        }
        let classes = classNames ?? names
        var files: [(path: String, label: Int32)] = []
        for (index, name) in classes.enumerated() where names.contains(name) {
            files += try imageFiles(in: Path.join(folder.path, name)).map { ($0, Int32(index)) }
        }
        guard let first = files.first else {
            throw DatasetError("`\(folder.path)` has no images; give a directory with one per class")
        }
        let size: ImageFolder.Size
        if let asked = folder.size {
            size = asked
        } else {
            let image = try ImageFile.read(path: first.path)
            size = ImageFolder.Size(height: image.height, width: image.width)
        }
        let form = DatasetForm(
            elementType: .uint8, sampleShape: [size.height, size.width, folder.channels], count: files.count,
            targets: .classes(classes))
        return try build(form) { features, targets in
            let labels = targets.bindMemory(to: Int32.self)
            for (index, file) in files.enumerated() {
                labels[index] = file.label
                let image = try sample(file.path, of: folder, size: size, first: first.path)
                UnsafeMutableRawBufferPointer(
                    rebasing: features[index * form.sampleSize..<(index + 1) * form.sampleSize]
                )
                .copyBytes(from: image.pixels)
            }
        }
    }

    /// Reads one image in the folder's form.
    /// - Parameter first: the file whose size all others must have, where `folder.size` is nil.
    private static func sample(
        _ path: String, of folder: ImageFolder, size: ImageFolder.Size, first: String
    ) throws -> ByteImage {
        let image = try ImageFile.read(path: path)
        guard folder.size != nil || (image.height == size.height && image.width == size.width) else {
            throw DatasetError(
                "`\(path)` has \(image.width) × \(image.height) pixels,"
                    + " `\(first)` \(size.width) × \(size.height); bring all to one size with `size:"
                    + " [height, width]`")
        }
        return image.withChannels(folder.channels).resized(width: size.width, height: size.height)
    }

    private static func subdirectories(of path: String) throws -> [String] {
        let names = try visible(path).filter { Directory.isDirectory(Path.join(path, $0)) }
        guard !names.isEmpty else {
            throw DatasetError(
                "`\(path)` has no subdirectories; put the images of each class into a directory with the"
                    + " class's name"
            )
        }
        return names
    }

    private static func imageFiles(in path: String) throws -> [String] {
        let names = try visible(path)
        if let nested = names.first(where: { Directory.isDirectory(Path.join(path, $0)) }) {
            throw DatasetError(
                "`\(Path.join(path, nested))` is a directory inside a class; move its images up, or remove it"
            )
        }
        let images = names.filter(ImageFiles.isImage)
        guard !images.isEmpty else {
            throw DatasetError("`\(path)` has no PNG or JPEG files; remove the class, or add images")
        }
        return images.map { Path.join(path, $0) }
    }

    /// The names that do not begin with a dot, sorted by bytes.
    private static func visible(_ path: String) throws -> [String] {
        try Directory.list(path).filter { !$0.hasPrefix(".") }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }
}
