import Datasets
import System
import Telemetry

/// A confusion matrix for TensorBoard: a picture of the rates, and the most frequent mistakes as text.
package struct ConfusionPicture {
    /// The most classes with a row and a column: a picture of 3,001 × 3,001 pixels.
    private static let mostClasses = 1_000
    /// The most mistakes in the text.
    private static let mostMistakes = 50

    private let classNames: [String]
    private let counts: [[Int]]

    /// - Parameter counts: a row for each true class: how many of its samples were predicted to be of each.
    package init(classNames: [String], counts: [[Int]]) {
        self.classNames = classNames
        self.counts = counts
    }

    /// Rows are true classes, columns predicted ones. The darker a cell, the greater its part of the row:
    /// white is none, dark blue all. Grey lines part the cells.
    package var image: ByteImage {
        let cell = max(2, min(48, 480 / max(1, counts.count)))
        let side = counts.count * (cell + 1) + 1
        var pixels = [UInt8](repeating: 160, count: side * side * 3)
        for (row, samples) in counts.enumerated() {
            let sum = samples.reduce(0, +)
            for (column, count) in samples.enumerated() {
                let color = Self.color(sum == 0 ? 0 : Double(count) / Double(sum))
                for y in 0..<cell {
                    let start = ((row * (cell + 1) + 1 + y) * side + column * (cell + 1) + 1) * 3
                    for x in 0..<cell {
                        pixels.replaceSubrange(start + 3 * x..<start + 3 * x + 3, with: color)
                    }
                }
            }
        }
        return ByteImage(width: side, height: side, channels: 3, pixels: pixels)
    }

    /// From white to dark blue, which differ in lightness too: nobody needs to tell colours apart.
    private static func color(_ rate: Double) -> [UInt8] {
        let (white, blue) = ([255.0, 255, 255], [8.0, 48, 107])
        return zip(white, blue).map { UInt8(($0 + ($1 - $0) * rate).rounded()) }
    }

    /// Markdown in which names are text, whatever they are.
    package var text: String {
        let mistakes = counts.enumerated().flatMap { row, samples in
            samples.enumerated().filter { $0.offset != row && $0.element > 0 }.map {
                (row: row, column: $0.offset, count: $0.element)
            }
        }.sorted { ($1.count, $0.row, $0.column) < ($0.count, $1.row, $1.column) }
        let lines = mistakes.prefix(Self.mostMistakes).map { mistake in
            "    \(TextFormat.right(TextFormat.grouped(mistake.count), 8))  \(name(mistake.row)) taken for"
                + " \(name(mistake.column))\n"
        }
        let all = TextFormat.count(mistakes.reduce(0) { $0 + $1.count }, "mistake")
        return "    \(all), the most frequent first\n" + lines.joined()
    }

    /// A name without line breaks, in quotation marks.
    private func name(_ index: Int) -> String {
        let name = classNames.indices.contains(index) ? classNames[index] : "\(index)"
        return "“\(LogFormat.printable(name, lineBreak: " "))”"
    }

    /// Adds both to the event files of a run that has ended, unless they are there. More than 1,000 classes
    /// have neither.
    ///
    /// - Parameters:
    ///   - set: the samples that were evaluated, such as `validation`.
    ///   - directory: that of the event files.
    /// - Throws: `SystemError` or `DatasetError` if they cannot be written.
    package func add(set: String, step: Int, to directory: String) throws {
        var files = EventDirectory(directory)
        let tag = "confusion_matrix/\(set)"
        guard counts.count <= Self.mostClasses, !files.known().pictures.contains(tag) else { return }
        let image = image
        let picture = BoardValue.Picture(
            width: image.width, height: image.height, png: try PNGFile.encode(image))
        let time = Clock.wallSeconds()
        let values = [BoardValue(tag, .picture(picture)), BoardValue("mistakes/\(set)", .text(text))]
        try files.append([BoardEvent(time: time, step: step, values: values)], time: time)
    }
}
