/// Texts at which a generated text ends. What may be the beginning of one is held back until that is known.
///
///     var stops = StopTexts(["\n\n"])
///     stops.append("one\n")     // "one"
///     stops.append("two\n\nx")  // "\ntwo"; isFound
struct StopTexts {
    private let texts: [[UInt8]]
    private var held: [UInt8] = []
    /// True once one of the texts has come.
    private(set) var isFound = false

    init(_ texts: [String]) { self.texts = texts.filter { !$0.isEmpty }.map { Array($0.utf8) } }

    /// Returns the text that can be shown now.
    mutating func append(_ piece: String) -> String {
        guard !texts.isEmpty, !isFound else { return isFound ? "" : piece }
        held += piece.utf8
        for start in held.indices where texts.contains(where: { held[start...].starts(with: $0) }) {
            isFound = true
            return take(start)
        }
        let kept = held.indices.first { start in texts.contains { $0.starts(with: held[start...]) } }
        return take(kept ?? held.count)
    }

    /// The text that was held back, where no other follows.
    mutating func finish() -> String { isFound ? "" : take(held.count) }

    private mutating func take(_ count: Int) -> String {
        defer { held.removeFirst(count) }
        return String(decoding: held.prefix(count), as: UTF8.self)
    }
}
