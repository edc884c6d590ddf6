import System

/// Counts of what was found in the image files of a folder: for `data inspect`, and for the notes about them.
package struct ImageSurvey: Equatable, Sendable {
    /// Files of one kind: how many, and the first one.
    package struct Finding: Equatable, Sendable {
        package var count = 0
        package var example = ""

        mutating func add(_ path: String) {
            if count == 0 { example = path }
            count += 1
        }
    }

    /// A change of an image on reading it, or a peculiarity of its file.
    package enum Conversion: String, CaseIterable, Sendable {
        case turnedUpright = "turned upright by EXIF's orientation"
        case laidOnWhite = "transparent pixels laid on white"
        case fromCMYK = "CMYK converted to RGB"
        case from16Bits = "16 bits converted to 8"
        case firstOfSeveral = "the first of several pictures read"
        case withoutEnd = "read without the missing end of the file"
        case withoutLastRows = "read without a part of the last rows"
        case toGrey = "colours converted to grey"
        case toColors = "grey repeated in three channels"
        case resized = "resized"
        case otherEnding = "read by its content, which its name contradicts"
    }

    /// The folder.
    package internal(set) var path: String
    /// The files of the samples, in their order.
    package internal(set) var files: [String] = []
    /// The classes with the number of images that were read.
    package internal(set) var classes: [(name: String, images: Int)] = []
    /// Images by format.
    package internal(set) var formats: [ImageFormat: Int] = [:]
    /// Images by their size as shown, before resizing.
    package internal(set) var sizes: [ImageFolder.Size: Int] = [:]
    package internal(set) var conversions: [Conversion: Finding] = [:]
    /// Images whose colour space is not sRGB, by its name.
    package internal(set) var colorSpaces: [String: Finding] = [:]
    /// Images of formats that cannot be read.
    package internal(set) var skipped: [ImageFormat: Finding] = [:]
    /// Files that are no images.
    package internal(set) var others = Finding()
    /// Images beside the folders of the classes.
    package internal(set) var outside = Finding()
    /// Images that cannot be read and were left out, by the sentence about each.
    package internal(set) var damaged: [String] = []
    /// The greatest value of all files of 16 bits; nil if there are none.
    package internal(set) var greatest: Int?
    /// Classes of the training data of which there is no folder.
    package internal(set) var missingClasses: [String] = []

    init(path: String) { self.path = path }

    package static func == (left: Self, right: Self) -> Bool {
        left.path == right.path && left.classes.elementsEqual(right.classes, by: ==)
            && left.formats == right.formats && left.sizes == right.sizes && left.notes == right.notes
    }

    /// Counts an image that was read.
    mutating func add(_ contents: ImageFile.Contents, _ path: String, as folder: ImageFolder) {
        let image = contents.image
        formats[contents.format, default: 0] += 1
        sizes[ImageFolder.Size(height: image.height, width: image.width), default: 0] += 1
        if let space = contents.metadata.colorSpace { colorSpaces[space, default: Finding()].add(path) }
        if let value = contents.greatest { greatest = max(greatest ?? 0, value) }
        let isAsked = folder.size.map { $0.height == image.height && $0.width == image.width } ?? true
        for (conversion, happened) in [
            (.turnedUpright, contents.metadata.orientation != 1), (.laidOnWhite, contents.isTransparent),
            (.fromCMYK, contents.isCMYK), (.from16Bits, contents.greatest != nil),
            (.firstOfSeveral, contents.metadata.pictures > 1),
            (.withoutEnd, contents.lacksEnd && !contents.lacksRows), (.withoutLastRows, contents.lacksRows),
            (.toGrey, image.channels > folder.channels), (.toColors, image.channels < folder.channels),
            (.resized, !isAsked), (.otherEnding, ImageFormat(name: path) != contents.format),
        ] as [(Conversion, Bool)] where happened {
            conversions[conversion, default: Finding()].add(path)
        }
    }
}
