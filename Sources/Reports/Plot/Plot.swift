/// A picture, a table or a text of a report: numbers and names, which the page's script draws.
///
///     Plot(.evaluation, "Confusion matrix", alt: "90 of 100 samples are right.",
///         .confusion(classes: ["cat", "dog"], counts: [[40, 10], [0, 50]]))
package struct Plot: Sendable {
    /// The part of the page in which it stands.
    package enum Section: String, Sendable {
        case evaluation, mistakes, data, model, clusters, comparison
    }

    package struct Axis: Sendable {
        package var label: String
        /// Empty for plain numbers.
        package var unit = ""
        /// The ends that are always shown; nil: the data's.
        package var least: Double?
        package var greatest: Double?

        package init(_ label: String, unit: String = "", _ ends: ClosedRange<Double>? = nil) {
            self.label = label
            self.unit = unit
            (least, greatest) = (ends?.lowerBound, ends?.upperBound)
        }
    }

    package struct Series: Sendable {
        package enum Draw: String, Sendable { case line, steps, dots, bars }

        package var name: String
        package var x: [Double]
        package var y: [Double]
        package var draw: Draw

        package init(_ name: String, x: [Double], y: [Double], draw: Draw = .line) {
            precondition(x.count == y.count, "each point has both coordinates")
            self.name = name
            self.x = x
            self.y = y
            self.draw = draw
        }
    }

    package struct Column: Sendable {
        package var name: String
        package var isNumber: Bool
        package var unit = ""

        package init(_ name: String, isNumber: Bool = true, unit: String = "") {
            self.name = name
            self.isNumber = isNumber
            self.unit = unit
        }
    }

    package enum Cell: Equatable, Sendable {
        case text(String)
        case number(Double)
        case none

        /// Nothing where there is no number.
        package static func optional(_ value: Double?) -> Cell { value.map { .number($0) } ?? .none }
        package static func count(_ value: Int) -> Cell { .number(Double(value)) }
    }

    package struct Picture: Sendable {
        /// The bytes of a PNG file.
        package var png: [UInt8]
        package var caption: String
        package var alt: String

        package init(png: [UInt8], caption: String, alt: String) {
            self.png = png
            self.caption = caption
            self.alt = alt
        }
    }

    package enum Content: Sendable {
        /// A row for each true class, a column for each predicted one.
        case confusion(classes: [String], counts: [[Int]])
        /// - diagonal: whether the line x = y is drawn.
        case lines(x: Axis, y: Axis, [Series], diagonal: Bool = false)
        /// How the series are drawn does not count: they are groups of dots.
        case scatter(x: Axis, y: Axis, [Series], diagonal: Bool = false)
        /// There is an edge more than counts.
        case histogram(x: Axis, edges: [Double], counts: [Int])
        case table([Column], rows: [[Cell]])
        case images([Picture])
        case text(String)
    }

    package var section: Section
    package var title: String
    /// How to read it, or what was left out.
    package var note: String?
    /// The text alternative: a sentence with the figures.
    package var alt: String
    package var content: Content

    package init(
        _ section: Section, _ title: String, note: String? = nil, alt: String, _ content: Content
    ) {
        self.section = section
        self.title = title
        self.note = note
        self.alt = alt
        self.content = content
    }
}
