import Datasets
import System

/// The size to which the images of a folder are brought.
struct ImageSize {
    /// The addition to the source's fields; empty if all images that were looked at have one size, which is
    /// small enough.
    let field: String

    /// Images that are looked at.
    private static let most = 50
    /// A larger side is made smaller: training time grows with the square.
    private static let largest = 96
    private static let usual = 64

    init(of folder: String) {
        let sizes = Self.images(of: folder).prefix(Self.most).compactMap { try? ImageFile.read(path: $0) }
        let isUniform = sizes.allSatisfy { $0.width == sizes[0].width && $0.height == sizes[0].height }
        let isGrey = !sizes.isEmpty && sizes.allSatisfy { $0.channels == 1 }
        let isSmall = sizes.allSatisfy { max($0.width, $0.height) <= Self.largest }
        let smallest = sizes.map { min($0.width, $0.height) }.min() ?? Self.usual
        let side = min(Self.usual, max(8, smallest))
        field = (isUniform && isSmall ? "" : ", size: [\(side), \(side)]") + (isGrey ? ", channels: 1" : "")
    }

    /// Some images of each class.
    private static func images(of folder: String) -> [String] {
        let classes = ((try? Directory.list(folder)) ?? []).map { Path.join(folder, $0) }
            .filter(Directory.isDirectory)
        let each = max(2, most / max(1, classes.count))
        return classes.flatMap { path in
            ((try? Directory.list(path)) ?? []).filter(ImageFiles.isImage).prefix(each)
                .map { Path.join(path, $0) }
        }
    }
}
