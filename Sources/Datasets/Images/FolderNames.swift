/// Names that mean something in a folder of images.
enum FolderNames {
    /// Tells what file systems, archives, clouds and other programs leave in folders for themselves.
    static func isLeftBehind(_ name: String) -> Bool {
        name.hasPrefix(".") || programs.contains(name.lowercased())
    }

    private static let programs: Set = [
        "__macosx", "__pycache__", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "lost+found",
        "system volume information", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "cvs",
    ]

    /// Tells a file that stands for one that iCloud has not downloaded: `.a.jpg.icloud` for `a.jpg`.
    static func isPlaceholder(_ name: String) -> Bool {
        guard name.lowercased().hasSuffix(".icloud") else { return false }
        return ImageFormat(name: String(name.dropLast(7))) != nil
    }

    /// Tells a usual name of a part of a data set.
    static func isSplit(_ name: String) -> Bool {
        [
            "train", "training", "val", "valid", "validation", "validate", "dev", "test", "testing", "eval",
            "evaluation",
        ].contains(name.lowercased())
    }

    /// The name in lower case without spaces at its ends.
    static func withoutSpelling(_ name: String) -> String {
        let words = name.lowercased().split(whereSeparator: \.isWhitespace)
        return words.joined(separator: " ")
    }
}
