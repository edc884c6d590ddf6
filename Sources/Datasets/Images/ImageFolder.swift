import System

/// A directory of PNG and JPEG files with a subdirectory per class.
package struct ImageFolder: Equatable, Sendable {
    package var path: String
    /// The size that images are resized to; nil if all have the same size already.
    package var size: Size?
    /// 1 (grey) or 3 (red, green, blue).
    package var channels: Int
    package var damaged: Damaged

    package struct Size: Hashable, Sendable {
        package var height: Int
        package var width: Int

        package init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }
    }

    /// The treatment of images that cannot be read.
    package enum Damaged: String, CaseIterable, Sendable {
        /// All are named in one error.
        case error
        /// They are left out, counted and noted.
        case skip
    }

    package init(path: String, size: Size? = nil, channels: Int = 3, damaged: Damaged = .error) {
        self.path = path
        self.size = size
        self.channels = channels
        self.damaged = damaged
    }
}

extension Dataset {
    /// Reads a folder of images: samples `[height, width, channels]` of bytes. Classes are the names of the
    /// subdirectories, sorted by bytes; the files of a class are in the order of their names. A file is an
    /// image if its content is one, whatever its name. What other programs leave in folders is ignored.
    /// - Parameter classNames: the classes of the training data. A subdirectory with another name is then an
    ///   error, and a class may be absent.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func images(_ folder: ImageFolder, classNames: [String]? = nil) throws -> (
        dataset: Dataset, survey: ImageSurvey
    ) {
        let listing = try ClassFolders(folder.path, classNames: classNames)
        var reading = ImageFolderReading(folder, listing)
        let dataset = try reading.dataset()
        return (dataset, reading.survey)
    }
}

/// Reads the images that a listing found.
private struct ImageFolderReading {
    private let folder: ImageFolder
    private let listing: ClassFolders
    private(set) var survey: ImageSurvey
    private var unreadable: [UnreadableImage]
    /// The size of the samples, and the file that has it.
    private var size: ImageFolder.Size?
    private var sizeGiver = ""

    init(_ folder: ImageFolder, _ listing: ClassFolders) {
        self.folder = folder
        self.listing = listing
        survey = listing.survey
        unreadable = listing.unreadable
        size = folder.size
    }

    mutating func dataset() throws -> Dataset {
        let files = listing.images
        let size = try size ?? firstSize(files)
        let form = DatasetForm(
            elementType: .uint8, sampleShape: [size.height, size.width, folder.channels], count: files.count,
            targets: .classes(listing.classes))
        var kept: [Int] = []
        let all = try Dataset.build(form) { features, targets in
            let labels = targets.bindMemory(to: Int32.self)
            for (index, file) in files.enumerated() {
                labels[index] = Int32(file.label)
                guard let image = try sample(file.path, size) else { continue }
                kept.append(index)
                let range = index * form.sampleSize..<(index + 1) * form.sampleSize
                UnsafeMutableRawBufferPointer(rebasing: features[range]).copyBytes(from: image.pixels)
            }
        }
        try report(kept)
        survey.files = kept.map { files[$0].path }
        for (label, name) in listing.classes.enumerated() {
            survey.classes.append((name, kept.count { files[$0].label == label }))
        }
        return kept.count == files.count ? all : try all.selecting(kept)
    }

    /// Reads one image in the folder's form; nil if it cannot be read.
    private mutating func sample(_ path: String, _ size: ImageFolder.Size) throws -> ByteImage? {
        let contents: ImageFile.Contents
        do {
            contents = try ImageFile.contents(path: path)
        } catch {
            unreadable.append(error)
            return nil
        }
        let image = contents.image
        guard folder.size != nil || (image.height == size.height && image.width == size.width) else {
            throw DatasetError(
                "`\(path)` has \(image.width) × \(image.height) pixels,"
                    + " `\(sizeGiver)` \(size.width) × \(size.height); bring all to one size with `size:"
                    + " [height, width]`")
        }
        survey.add(contents, path, as: folder)
        return image.withChannels(folder.channels).resized(width: size.width, height: size.height)
    }

    /// The size of the first image that can be read.
    private mutating func firstSize(_ files: [ClassFolders.File]) throws -> ImageFolder.Size {
        var faults = unreadable
        for file in files {
            do {
                let image = try ImageFile.contents(path: file.path).image
                sizeGiver = file.path
                return ImageFolder.Size(height: image.height, width: image.width)
            } catch { faults.append(error) }
        }
        throw UnreadableImage.error(faults, of: files.count + unreadable.count, in: folder)
    }

    /// Throws what was unreadable, or notes it.
    private mutating func report(_ kept: [Int]) throws {
        guard !unreadable.isEmpty else { return }
        unreadable.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        guard folder.damaged == .skip, !kept.isEmpty else {
            throw UnreadableImage.error(unreadable, of: kept.count + unreadable.count, in: folder)
        }
        survey.damaged = unreadable.map { "`\($0.path)`, which \($0.fault)" }
    }
}
