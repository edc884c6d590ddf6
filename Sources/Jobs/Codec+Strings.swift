import Configuration
import System

extension Codec where Value == String {
    /// A file or a directory. A relative path is one from the current directory; the job keeps it absolute.
    static var path: Self {
        text(.path) { !$0.isEmpty }.map(to: { Path.absolute($0) }, from: { $0 })
    }

    /// A name that is fit for files and for tensors.
    static var name: Self {
        let form = Form.special(
            "a name of letters, digits, `-`, `_` and `.`",
            schema: ["type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"], samples: ["x.y_Z-1"])
        return text(form, where: isName)
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"),
            text.utf8.count <= 100
        else { return false }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || "-_.".utf8.contains($0)
        }
    }
}

extension Codec where Value == [String] {
    /// One string, or a list of at least one.
    /// - Parameter writesOne: whether a list of one is written as that string
    static func oneOrMore(_ element: Codec<String>, writesOne: Bool = false) -> Self {
        element.map(to: { [$0] }, from: { writesOne && $0.count == 1 ? $0[0] : nil })
            .or(.array(of: element, count: 1...Int.max))
    }

    /// Any number of names.
    static var names: Self { .array(of: Codec<String>.nonEmptyString) }

    /// At least one name, and none twice. Two spellings of a name in Unicode are two names.
    static var distinctNames: Self {
        .array(of: Codec<String>.string, count: 1...Int.max)
            .checked { Set($0.map { Array($0.utf8) }).count == $0.count ? nil : ("has a name twice", nil) }
    }
}
