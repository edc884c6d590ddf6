/// Unicode's normalization form C (UAX #15): canonical decomposition, canonical order, composition.
enum CanonicalComposition {
    /// The composed text; nil if `text`, valid UTF-8, is composed already.
    static func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard isUnstable(text) else { return nil }
        var scalars: [UInt32] = []
        scalars.reserveCapacity(text.count)
        for scalar in UTF8Scalars.scalars(of: text) { decompose(scalar, into: &scalars) }
        let classes = sort(&scalars)
        compose(&scalars, classes)
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for scalar in scalars { UTF8Scalars.append(scalar, to: &result) }
        return result
    }

    private static func isUnstable(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let table = UnicodeTable.shared
        var offset = 0
        while offset < text.count {
            if text[offset] < 0xCC {  // below U+0300 all is stable
                offset += text[offset] < 0x80 ? 1 : 2
                continue
            }
            let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
            if table.isUnstable(scalar) { return true }
            offset += length
        }
        return false
    }

    // MARK: - Hangul syllables, by arithmetic (The Unicode Standard, section 3.12)

    private static let firstSyllable: UInt32 = 0xAC00
    private static let firstLead: UInt32 = 0x1100
    private static let firstVowel: UInt32 = 0x1161
    /// The one before the first tail.
    private static let noTail: UInt32 = 0x11A7
    private static let leads: UInt32 = 19
    private static let vowels: UInt32 = 21
    private static let tails: UInt32 = 28

    private static func decompose(_ scalar: UInt32, into scalars: inout [UInt32]) {
        if scalar < 0xC0 { return scalars.append(scalar) }
        let syllable = scalar &- firstSyllable
        if syllable < leads * vowels * tails {
            scalars.append(firstLead + syllable / (vowels * tails))
            scalars.append(firstVowel + syllable % (vowels * tails) / tails)
            if syllable % tails != 0 { scalars.append(noTail + syllable % tails) }
            return
        }
        guard let (first, second) = UnicodeTable.shared.decomposition(scalar) else {
            return scalars.append(scalar)
        }
        decompose(first, into: &scalars)
        if second != 0 { scalars.append(second) }
    }

    /// Puts runs of combining marks into the order of their classes, which it returns.
    private static func sort(_ scalars: inout [UInt32]) -> [UInt8] {
        var classes = scalars.map { $0 < 0x300 ? 0 : UnicodeTable.shared.combiningClass($0) }
        var start = 0
        while start < scalars.count {
            guard classes[start] != 0 else {
                start += 1
                continue
            }
            var end = start
            while end < scalars.count, classes[end] != 0 { end += 1 }
            let order = (start..<end).sorted { (classes[$0], $0) < (classes[$1], $1) }
            let (sortedScalars, sortedClasses) = (order.map { scalars[$0] }, order.map { classes[$0] })
            scalars.replaceSubrange(start..<end, with: sortedScalars)
            classes.replaceSubrange(start..<end, with: sortedClasses)
            start = end
        }
        return classes
    }

    /// Joins each starter with the scalars behind it that are not blocked.
    private static func compose(_ scalars: inout [UInt32], _ classes: [UInt8]) {
        var count = 0
        var starter: Int?
        var lastClass: UInt8 = 0
        for index in scalars.indices {
            let (scalar, combiningClass) = (scalars[index], classes[index])
            if let starter, count == starter + 1 || lastClass < combiningClass,
                let joined = pair(scalars[starter], scalar)
            {
                scalars[starter] = joined
                continue
            }
            if combiningClass == 0 { starter = count }
            lastClass = combiningClass
            scalars[count] = scalar
            count += 1
        }
        scalars.removeLast(scalars.count - count)
    }

    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt32? {
        let (lead, vowel) = (first &- firstLead, second &- firstVowel)
        if lead < leads, vowel < vowels { return firstSyllable + (lead * vowels + vowel) * tails }
        let (syllable, tail) = (first &- firstSyllable, second &- noTail)
        if syllable < leads * vowels * tails, syllable % tails == 0, tail > 0, tail < tails {
            return first + tail
        }
        return UnicodeTable.shared.composition(first, second)
    }
}
