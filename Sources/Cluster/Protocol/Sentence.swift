/// A reason or an explanation for people: one line without control characters, at most 2,000 bytes of UTF-8.
///
/// The sender makes any text one. The receiver refuses a text that is none, so that a peer cannot write into
/// a terminal or fill a log.
package struct Sentence: Equatable, Sendable, CustomStringConvertible, ExpressibleByStringInterpolation {
    private static let longest = 2000
    package let text: String

    package init(_ text: String) {
        var line = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 32 || scalar.value == 127
            bytes += isControl ? 1 : UTF8.width(scalar)
            guard bytes <= Self.longest else { break }
            line.append(isControl ? " " : scalar)
        }
        self.text = String(line)
    }

    package init(stringLiteral text: String) { self.init(text) }

    package var description: String { text }
}

extension Sentence: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.write(text) }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        let received = try reader.read(String.self)
        self.init(received)
        guard text.unicodeScalars.elementsEqual(received.unicodeScalars) else { throw reader.malformed }
    }
}
