import System

/// The class of each sample, from the numbers or texts in a file of labels.
struct ClassLabels: Equatable {
    let labels: [Int32]
    let names: [String]
    private(set) var notes: [DataNote] = []

    /// Takes numbers that count the classes from `firstClass` on.
    /// - Parameters:
    ///   - path: the file's name in messages.
    ///   - classNames: the classes of the training data; nil makes as many as the greatest number asks for.
    ///   - cure: what to do about a number outside the classes.
    /// - Throws: `DatasetError`.
    init(_ numbers: [Int], in path: String, from firstClass: Int, classNames: [String]?, cure: String) throws
    {
        let greatest = numbers.reduce(firstClass, max)
        let last = classNames.map { firstClass + $0.count - 1 } ?? greatest
        if let bad = numbers.firstIndex(where: { $0 < firstClass || $0 > last }) {
            let isSigned = classNames == nil && Set(numbers) == [-1, 1]
            throw DatasetError(
                "`\(path)` has the class \(numbers[bad]) for sample \(bad), outside \(firstClass)…\(last);"
                    + (isSigned ? " write the classes as 0 and 1, such as (y + 1) // 2" : " \(cure)"))
        }
        guard last.subtractingReportingOverflow(firstClass).partialValue.magnitude < TableRules.mostClasses,
            last >= firstClass
        else {
            throw DatasetError(
                "`\(path)` has the class \(last); there may be"
                    + " \(TextFormat.grouped(TableRules.mostClasses)) classes,"
                    + " counted from \(firstClass); \(cure)")
        }
        labels = numbers.map { Int32($0 - firstClass) }
        names = classNames ?? (firstClass...last).map { String($0) }
        if classNames == nil { noteMissing(numbers, firstClass...last, path) }
    }

    /// Takes texts, each of which is a class. Classes are sorted by bytes.
    /// - Parameter classNames: the classes of the training data; nil takes all that occur.
    /// - Throws: `DatasetError`.
    init(_ texts: [String], in path: String, classNames: [String]?) throws {
        if let bad = texts.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw DatasetError("`\(path)` has an empty text for sample \(bad); give every sample a class")
        }
        // Bytes are compared: strings would make one class of two spellings in Unicode.
        let different = Dictionary(
            texts.map { (Array($0.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        names =
            classNames ?? different.values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard names.count <= TableRules.mostClasses else {
            throw DatasetError(
                "`\(path)` has \(TextFormat.grouped(names.count)) different texts; there may be"
                    + " \(TextFormat.grouped(TableRules.mostClasses)) classes: check that it holds classes")
        }
        let indices = Dictionary(
            names.enumerated().map { (Array($1.utf8), Int32($0)) }, uniquingKeysWith: min)
        labels = try texts.enumerated().map { sample, text in
            guard let index = indices[Array(text.utf8)] else {
                throw DatasetError(
                    "`\(path)` has the class `\(text.prefix(80))` for sample \(sample), which the training"
                        + " data do not have; remove the sample, or train with it")
            }
            return index
        }
        if classNames == nil, names.count == 1, texts.count > 1 {
            notes.append(.constantTarget("`\(path)`", names[0]))
        }
        guard classNames == nil, let (a, b) = SimilarNames.first(in: names) else { return }
        notes.append(SimilarNames.note(a, b, of: "`\(path)`", as: "classes"))
    }

    /// Takes rows of `width` numbers with a single 1 among zeros, whose place is the class; nil if they are
    /// others.
    init?(oneHot numbers: [Double], width: Int, classNames: [String]?) {
        guard let labels = Self.oneHot(numbers, width: width), classNames.map({ $0.count == width }) ?? true
        else {
            return nil
        }
        self.labels = labels
        names = classNames ?? (0..<width).map { String($0) }
    }

    static func oneHot(_ numbers: [Double], width: Int) -> [Int32]? {
        var labels: [Int32] = []
        for start in stride(from: 0, to: numbers.count, by: width) {
            let row = numbers[start..<start + width]
            guard let place = row.firstIndex(of: 1), row.allSatisfy({ $0 == 0 || $0 == 1 }),
                row.reduce(0, +) == 1
            else { return nil }
            labels.append(Int32(place - start))
        }
        return labels
    }

    private mutating func noteMissing(_ numbers: [Int], _ classes: ClosedRange<Int>, _ path: String) {
        let present = Set(numbers)
        let missing = classes.filter { !present.contains($0) }
        if present.count == 1, numbers.count > 1 {
            notes.append(.constantTarget("`\(path)`", "\(numbers[0])"))
            return
        }
        guard let first = missing.first, let least = present.min() else { return }
        if first == classes.lowerBound {
            notes.append(
                DataNote(
                    "labels_begin_later",
                    "`\(path)` has no sample of class \(first), its labels are"
                        + " \(least)…\(classes.upperBound): do they"
                        + " begin at \(least)?", cure: "`first_class: \(least)`"))
        }
        let inside = missing.filter { $0 > least }
        guard !inside.isEmpty else { return }
        let shown = inside.prefix(10).map { "\($0)" }.joined(separator: ", ")
        notes.append(
            DataNote(
                "classes_without_samples",
                "`\(path)` has no sample of class \(shown)\(inside.count > 10 ? ", …" : "") between"
                    + " \(least) and \(classes.upperBound)", cure: "number the classes anew without gaps"))
    }
}
