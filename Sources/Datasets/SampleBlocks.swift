import System

/// A source of samples without targets, read in blocks, so that a long input needs little memory.
package protocol SampleBlocks: AnyObject {
    /// Reads the next samples, at most `limit` of them; nil at the end.
    /// - Throws: `DatasetError` or `SystemError` if they cannot be read.
    func next(limit: Int) throws -> SampleBlock?
}

/// Some samples of a data set.
package struct SampleBlock {
    package let dataset: Dataset
    /// The indices of the block's samples in `dataset`.
    package let samples: Range<Int>
    /// The name of each sample where it has one: the image's file.
    package let names: [String]?

    package init(dataset: Dataset, samples: Range<Int>, names: [String]? = nil) {
        self.dataset = dataset
        self.samples = samples
        self.names = names
    }
}

/// The samples of a data set that is in memory.
package final class WholeDataset: SampleBlocks {
    package let dataset: Dataset
    private var done = 0

    package init(_ dataset: Dataset) { self.dataset = dataset }

    package func next(limit: Int) -> SampleBlock? {
        guard done < dataset.count else { return nil }
        defer { done = min(dataset.count, done + limit) }
        return SampleBlock(dataset: dataset, samples: done..<min(dataset.count, done + limit))
    }
}

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
        var known: Set<Directory.Identity> = []
        files = isDirectory ? try Self.images(in: path, depth: 0, &known) : [path]
        guard !files.isEmpty else {
            throw DatasetError("`\(path)` has no PNG or JPEG files; give a directory with images")
        }
    }

    /// The images of a directory, sorted by the bytes of their names, directory by directory. Each directory
    /// is visited once, because links may form circles.
    private static func images(in path: String, depth: Int, _ known: inout Set<Directory.Identity>) throws
        -> [String]
    {
        guard let identity = Directory.Identity(of: path), known.insert(identity).inserted else { return [] }
        let names = try Directory.list(path).filter { !$0.hasPrefix(".") }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        var images: [String] = []
        for name in names {
            let inner = Path.join(path, name)
            if Directory.isDirectory(inner) {
                if depth < 16 { images += try Self.images(in: inner, depth: depth + 1, &known) }
            } else if Self.isImage(name) {
                images.append(inner)
            }
        }
        return images
    }

    /// Tells an image file by its name.
    package static func isImage(_ name: String) -> Bool {
        [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
    }

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
        return SampleBlock(dataset: dataset, samples: 0..<block.count, names: block.map(shown))
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
        return image.withChannels(shape[2]).resized(width: shape[1], height: shape[0]).pixels
    }

    /// The file's path within the directory.
    private func shown(_ file: String) -> String {
        guard let directory, file.hasPrefix(directory) else { return file }
        return String(file.dropFirst(directory.count).drop { $0 == "/" })
    }
}
