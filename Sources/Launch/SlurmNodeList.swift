import Transport

/// A list of nodes as Slurm writes it in SLURM_STEP_NODELIST: `n[001-003,7],x`, `a[1-2]b[3-4]`.
///
///     list  = name {"," name}
///     name  = {character | "[" range {"," range} "]"}
///     range = number ["-" number]
///
/// Numbers may have leading zeros, which belong to the names. The whole list is checked; only its first name
/// is made.
package struct SlurmNodeList: Equatable, Sendable {
    /// Bytes of the longest list that is read.
    package static let longest = 1 << 20
    /// Bytes of the longest host name.
    static let longestName = 253
    /// Digits of the longest number in brackets.
    private static let mostDigits = 18

    /// The first name: `n001`. Slurm gives task 0 to the first node, unless `--distribution=arbitrary` says
    /// otherwise.
    package let first: String

    /// - Throws: `LaunchError` if the text is no such list.
    package init(_ text: String) throws(LaunchError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longest else {
            throw LaunchError("SLURM_STEP_NODELIST has \(bytes.count) bytes; " + Self.advice)
        }
        var reader = Reader(bytes[...])
        let first = try reader.name()
        while reader.take(",") { _ = try reader.name() }
        guard reader.rest.isEmpty else { throw reader.malformed }
        self.first = first
    }

    private static let advice = "name rank 0's host with --join HOST"

    /// Takes the list apart, from the left.
    private struct Reader {
        private(set) var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        var malformed: LaunchError {
            let place = printable(String(decoding: rest.prefix(20), as: UTF8.self))
            return LaunchError(
                "SLURM_STEP_NODELIST is no list of nodes (at `\(place)`, \(rest.startIndex) bytes behind its"
                    + " beginning); \(SlurmNodeList.advice)")
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// Returns a name with the first number of each of its brackets.
        mutating func name() throws(LaunchError) -> String {
            var name: [UInt8] = []
            while let next = rest.first, next != UInt8(ascii: ",") {
                if take("[") {
                    name += try range()
                    while take(",") { _ = try range() }
                    guard take("]") else { throw malformed }
                } else {
                    guard Self.isOfName(next) else { throw malformed }
                    name.append(next)
                    rest.removeFirst()
                }
            }
            guard (1...SlurmNodeList.longestName).contains(name.count) else { throw malformed }
            return String(decoding: name, as: UTF8.self)
        }

        /// Returns the digits with which a range begins.
        private mutating func range() throws(LaunchError) -> ArraySlice<UInt8> {
            let first = try number()
            if take("-") { _ = try number() }
            return first
        }

        private mutating func number() throws(LaunchError) -> ArraySlice<UInt8> {
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...SlurmNodeList.mostDigits).contains(digits.count) else { throw malformed }
            rest = rest[digits.endIndex...]
            return digits
        }

        private static func isOfName(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122: true
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"): true
            default: false
            }
        }
    }
}
