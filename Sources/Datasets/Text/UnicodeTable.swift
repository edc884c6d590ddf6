import CDatasets

/// The classes of Unicode's characters that tokenizers need, from the embedded table that `make_unicode.py`
/// writes. The answers are those of PyPI's `tokenizers`, and the same on every machine and with every
/// version of Swift.
struct UnicodeTable: Sendable {
    static let shared = UnicodeTable()

    /// The class of a character; the raw values are those of the table.
    enum Class: UInt8 {
        case other = 0
        case letter = 1
        case number = 2
        case space = 3
        /// A number that `\p{N}` does not match yet.
        case newNumber = 4
        case mark = 5
    }

    /// Scalars below this one have entries; those above are marks and private characters.
    private static let size: UInt32 = 0x40000
    private let classes: [UInt8]
    private let combiningClasses: [UInt32: UInt8]
    private let decompositions: [UInt32: (UInt32, UInt32)]
    /// Pairs that are composed, under `first << 32 | second`.
    private let compositions: [UInt64: UInt32]

    private init() {
        var table = UnsafeRawBufferPointer(start: cdatasets_unicode(), count: cdatasets_unicode_count())
        func next() -> UInt32 {
            defer { table = UnsafeRawBufferPointer(rebasing: table[4...]) }
            return UInt32(littleEndian: table.loadUnaligned(as: UInt32.self))
        }
        classes = Self.runs(next)
        let combining = Self.runs(next)
        combiningClasses = Dictionary(
            uniqueKeysWithValues: combining.enumerated().filter { $0.element != 0 }.map {
                (UInt32($0.offset), $0.element)
            })
        var decompositions: [UInt32: (UInt32, UInt32)] = [:]
        var compositions: [UInt64: UInt32] = [:]
        for _ in 0..<next() {
            let (scalar, first, second) = (next(), next(), next())
            decompositions[scalar] = (first, second & 0x7FFF_FFFF)
            if second < 1 << 31 { compositions[UInt64(first) << 32 | UInt64(second)] = scalar }
        }
        self.decompositions = decompositions
        self.compositions = compositions
    }

    /// Reads runs of scalars with one value into a value per scalar.
    private static func runs(_ next: () -> UInt32) -> [UInt8] {
        var values = [UInt8](repeating: 0, count: Int(size))
        let runs = (0..<next()).map { _ in next() }
        for (index, run) in runs.enumerated() where run & 0xFF != 0 {
            let end = index + 1 < runs.count ? Int(runs[index + 1] >> 8) : values.count
            for scalar in Int(run >> 8)..<end { values[scalar] = UInt8(run & 0xFF) }
        }
        return values
    }

    @inline(__always)
    private func entry(_ scalar: UInt32) -> UInt8 { scalar < Self.size ? classes[Int(scalar)] : 0 }

    @inline(__always)
    func isLetter(_ scalar: UInt32) -> Bool { entry(scalar) & 0x7F == Class.letter.rawValue }

    /// Whether `\p{N}` matches the scalar.
    @inline(__always)
    func isNumber(_ scalar: UInt32) -> Bool { entry(scalar) & 0x7F == Class.number.rawValue }

    /// Whether the scalar has the property White_Space.
    @inline(__always)
    func isSpace(_ scalar: UInt32) -> Bool { entry(scalar) & 0x7F == Class.space.rawValue }

    /// Whether Rust's `char::is_numeric` is true.
    @inline(__always)
    func isNumeric(_ scalar: UInt32) -> Bool {
        let kind = entry(scalar) & 0x7F
        return kind == Class.number.rawValue || kind == Class.newNumber.rawValue
    }

    /// Whether the scalar is a part of words: a letter, a mark or a number.
    @inline(__always)
    func isPartOfWord(_ scalar: UInt32) -> Bool {
        let kind = entry(scalar) & 0x7F
        return kind != Class.other.rawValue && kind != Class.space.rawValue
    }

    /// Whether a text with this scalar may not be in normalization form C.
    @inline(__always)
    func isUnstable(_ scalar: UInt32) -> Bool { entry(scalar) & 0x80 != 0 }

    func combiningClass(_ scalar: UInt32) -> UInt8 { combiningClasses[scalar] ?? 0 }

    /// One step of the canonical decomposition; the second scalar is 0 if there is one alone.
    func decomposition(_ scalar: UInt32) -> (UInt32, UInt32)? { decompositions[scalar] }

    func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        compositions[UInt64(first) << 32 | UInt64(second)]
    }
}
