import System

extension ImageSurvey {
    /// The remarks that a user should read.
    package var notes: [DataNote] {
        leftOut + converted + doubtful
    }

    /// Files that are not among the samples.
    private var leftOut: [DataNote] {
        var notes: [DataNote] = []
        let total = skipped.values.reduce(0) { $0 + $1.count }
        if total > 0 {
            let formats = ImageFormat.allCases.compactMap { format in
                skipped[format].map { "\($0.count) \(format.rawValue), such as `\($0.example)`" }
            }
            notes.append(
                DataNote(
                    "skipped_images",
                    "\(Self.images(total)) of `\(path)` \(Self.are(total)) not read, because only PNG and"
                        + " JPEG can be: \(formats.joined(separator: "; "))",
                    cure: "convert them, for example with ImageMagick: `magick mogrify -format png FILES`"))
        }
        if outside.count > 0 {
            notes.append(
                DataNote(
                    "images_outside_classes",
                    "\(Self.images(outside.count)) beside the folders of the classes"
                        + " \(Self.are(outside.count)) not read, such as `\(outside.example)`",
                    cure: "move them into the folder of their class, or remove them"))
        }
        if let first = damaged.first {
            notes.append(
                DataNote(
                    "damaged_images",
                    "\(Self.images(damaged.count)) of `\(path)` cannot be read and"
                        + " \(Self.are(damaged.count)) left out, such as \(first)",
                    cure: "replace or remove them"))
        }
        return notes
    }

    /// Images whose pixels are not simply what the file holds.
    private var converted: [DataNote] {
        func note(_ conversion: Conversion, _ kind: String, _ text: String, _ cure: String?) -> DataNote? {
            conversions[conversion].map {
                DataNote(
                    kind,
                    "\(Self.images($0.count)) \(text.replacing("{are}", with: Self.are($0.count))),"
                        + " such as `\($0.example)`",
                    cure: cure)
            }
        }
        var notes = [
            note(
                .laidOnWhite, "transparency", "with transparent pixels {are} laid on white, as viewers do",
                "for another background save them without transparency"),
            note(
                .fromCMYK, "cmyk", "with CMYK colours {are} converted to RGB without their colour profile",
                "convert them to RGB with a program that knows the profile, if exact colours matter"),
            note(
                .firstOfSeveral, "several_pictures", "with several pictures {are} represented by the first",
                nil),
            note(
                .withoutEnd, "lacks_end",
                "without the end of the file {are} read, since all pixels are there",
                "copy or download them again"),
            note(
                .withoutLastRows, "lacks_last_rows",
                "without the end of the file {are} read, with a grey end of the last rows",
                "copy or download them again"),
            note(
                .otherEnding, "wrong_file_name",
                "{are} of another format than the name says, and read by their"
                    + " content", "rename them, if other programs shall read them"),
        ].compactMap { $0 }
        let total = colorSpaces.values.reduce(0) { $0 + $1.count }
        if total > 0 {
            let spaces = colorSpaces.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
            let shown = spaces.prefix(3).map {
                "\($0.key) in \($0.value.count), such as `\($0.value.example)`"
            }
            notes.append(
                DataNote(
                    "color_space",
                    "\(Self.images(total)) with another colour space than sRGB \(Self.are(total)) read"
                        + " without conversion: \(shown.joined(separator: "; "))",
                    cure: "convert them to sRGB, if images of several colour spaces are mixed"))
        }
        if let greatest, greatest < Self.darkBelow {
            notes.append(
                DataNote(
                    "dark_16_bit",
                    "images with 16 bits per value hold at most \(TextFormat.grouped(greatest)) of 65,535, so"
                        + " that as 8 bits they are nearly black, with at most"
                        + " \((greatest + 128) / 257 + 1) levels",
                    cure: "multiply their values by \(65_535 / max(1, greatest)), or save them with 8 bits"))
        }
        return notes
    }

    /// A greatest value of 16 bits below this means that the file holds 14 bits or fewer.
    private static let darkBelow = 1 << 14

    /// Classes that may not be what is meant.
    private var doubtful: [DataNote] {
        var notes: [DataNote] = []
        if classes.count == 1, let only = classes.first {
            notes.append(
                DataNote(
                    "one_class", "`\(path)` has one class alone, `\(only.name)`",
                    cure: "give a folder with a subfolder for each of at least two classes"))
        }
        if classes.count > 1, classes.allSatisfy({ FolderNames.isSplit($0.name) }) {
            let names = classes.map { "`\($0.name)`" }.joined(separator: ", ")
            notes.append(
                DataNote(
                    "splits_as_classes",
                    "the classes of `\(path)` are called \(names), like parts of a data set",
                    cure: "give each part as a source of its own: `train`, `validation`, `test`"))
        }
        let spellings = Dictionary(grouping: classes.map(\.name), by: FolderNames.withoutSpelling)
        for names in spellings.values.filter({ $0.count > 1 }).sorted(by: { $0[0] < $1[0] }) {
            notes.append(
                DataNote(
                    "similar_classes",
                    "the classes \(names.map { "`\($0)`" }.joined(separator: " and ")) of `\(path)` differ in"
                        + " upper and lower case or in spaces alone",
                    cure: "move their images into one folder, if they are one class"))
        }
        if !missingClasses.isEmpty {
            let names = missingClasses.prefix(10).map { "`\($0)`" }.joined(separator: ", ")
            notes.append(
                DataNote(
                    "missing_classes",
                    "`\(path)` has no folder for \(names)\(missingClasses.count > 10 ? ", …" : "") of the"
                        + " training data's classes"))
        }
        return notes
    }

    private static func images(_ count: Int) -> String { TextFormat.count(count, "image") }
    private static func are(_ count: Int) -> String { count == 1 ? "is" : "are" }
}
