import Transport

/// The environment variables of a process. One that is empty counts as missing.
struct Variables {
    let read: (String) -> String?

    func text(_ name: String) -> Found<String>? {
        read(name).flatMap { $0.isEmpty ? nil : Found($0, name) }
    }

    /// Reads a whole number.
    ///
    /// - Throws: `LaunchError` if the variable holds anything else, or a number outside of the range.
    func integer(_ name: String, _ range: ClosedRange<Int> = 0...Launch.mostRanks) throws(LaunchError)
        -> Found<Int>?
    {
        guard let text = text(name) else { return nil }
        guard let value = Int(text.value), range.contains(value) else {
            throw LaunchError(
                "\(name) is `\(printable(text.value, limit: 60))`, and must be a whole number from"
                    + " \(range.lowerBound) to \(range.upperBound); unset it, or give --rank R and"
                    + " --join HOST")
        }
        return Found(value, name)
    }

    /// The first of these variables that is set.
    func first(_ names: String..., range: ClosedRange<Int> = 0...Launch.mostRanks) throws(LaunchError)
        -> Found<Int>?
    {
        for name in names { if let found = try integer(name, range) { return found } }
        return nil
    }
}
