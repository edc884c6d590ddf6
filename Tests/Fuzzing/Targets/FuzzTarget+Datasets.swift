import Datasets
import System

// Targets for files of data, any of which may be gzip.
extension FuzzTarget {
    static let idx = FuzzTarget("idx", longestInput: 4096) { input in
        var parts = Input(input)
        let images = try InputFile(parts.part())
        let labels = try InputFile(parts.remainder())
        try use(try Dataset.idx(images: images.path, labels: labels.path).dataset)
        try use(try Dataset.idx(images: images.path))
    }

    static let npy = FuzzTarget("npy", longestInput: 4096) { input in
        var parts = Input(input)
        let options = parts.byte()
        let features = try InputFile(parts.part())
        let targets = try InputFile(parts.remainder())
        try use(
            try Dataset.npy(
                features: features.path, targets: options & 1 == 0 ? targets.path : nil,
                layout: options & 2 == 0 ? .nhwc : .nchw,
                classes: options & 4 == 0 ? nil : options & 8 == 0, firstClass: options & 32 == 0 ? 0 : -7,
                classNames: options & 16 == 0 ? nil : ["0", "1", "2"]
            ).dataset)
    }

    /// A table is read as training data, and read again as new data.
    static let csv = FuzzTarget("csv", longestInput: 4096) { input in
        var parts = Input(input)
        let options = parts.byte()
        let more = parts.byte()
        let format = CSVFormat(
            hasHeader: options & 1 == 0,
            delimiter: more & 64 != 0
                ? .space : CSVFormat.Delimiter.allCases[Int(options >> 1 & 3) % 3],
            decimal: options & 64 == 0 ? .point : .comma,
            missing: options & 8 == 0 ? CSVFormat.usualMissing : ["x"])
        let rules = TableRules(
            targets: more & 1 == 0 ? [] : more & 2 == 0 ? ["y"] : ["1", "y"],
            task: [nil, .classification, .regression, nil][Int(more >> 2 & 3)],
            categorical: more & 16 == 0 ? [] : ["c"],
            ignored: more & 32 == 0 ? [] : ["i"],
            missingCells: TableRules.MissingCells.allCases[Int(options >> 4 & 3) % 3])
        let file = try InputFile(parts.remainder())
        let (dataset, encoding, _) = try Dataset.csv(path: file.path, format: format, rules: rules)
        try use(dataset)
        let again = try Dataset.csv(path: file.path, format: format, encoding: encoding)
        try require(
            again.contentHash() == dataset.contentHash(), "a table is not what it was when it was learned")
        let rows = try TableRows(path: file.path, format: format, encoding: encoding, note: { _ in })
        while let block = try rows.next(limit: 7) { try use(block.dataset) }
    }

    static let cifar = FuzzTarget("cifar", longestInput: 8192) { input in
        var parts = Input(input)
        let options = parts.byte()
        let file = try InputFile(parts.remainder())
        try use(
            options & 1 == 0
                ? try CIFAR.ten([file.path], part: .train)
                : try CIFAR.hundred(file.path, labels: options & 2 == 0 ? .fine : .coarse, part: .test))
    }

    static let image = FuzzTarget("image", longestInput: 4096) { input in
        let image = try ImageFile.decode(input, name: "fuzz")
        let copy = try PNGFile.encode(
            image.resized(width: min(image.width, 64), height: min(image.height, 64)))
        let again = try copy.withUnsafeBytes { try ImageFile.decode($0, name: "copy") }
        try require(
            again.channels == image.channels && again.width == min(image.width, 64),
            "written and read again it is another image")
    }

    /// The canonical form, which workers get over the wire and from their caches.
    static let dataset = FuzzTarget("dataset", longestInput: 4096) { input in
        let dataset = try Dataset(serialized: Array(input))
        try require(dataset.serialized.elementsEqual(input), "it is not its own canonical form")
        try use(dataset)
        let file = try InputFile(Array(input))
        let mapped = try Dataset(MappedFile(file.path))
        try require(
            mapped.form == dataset.form && mapped.contentHash() == dataset.contentHash(),
            "mapped it is another data set")
    }

    /// A tokenizer's file, with a text that it encodes.
    static let tokenizer = FuzzTarget("tokenizer", longestInput: 4096) { input in
        var parts = Input(input)
        let text = parts.part()
        let tokenizer = try Tokenizer(serialized: parts.remainder())
        let again = try Tokenizer(serialized: tokenizer.serialized)
        try require(
            again.serialized == tokenizer.serialized, "written and read again it is another tokenizer")
        let ids = try tokenizer.encode(text, addsTemplate: true)
        try require(
            ids.allSatisfy { (0..<tokenizer.vocabularySize).contains(Int($0)) },
            "an id is not in the vocabulary")
        try require(try again.encode(text, addsTemplate: true) == ids, "read again it gives other ids")
        try require(again.decode(ids) == tokenizer.decode(ids), "read again it gives another text")
        var decoder = StreamingDecoder(tokenizer)
        _ = ids.map { decoder.append($0) }
        _ = decoder.finish()
    }

    /// Uses a data set as training does.
    private static func use(_ dataset: Dataset) throws {
        let normalization = Normalization(.zScore, of: dataset)
        let samples = [0, dataset.count / 2, dataset.count - 1]
        var rows = [Float](repeating: 0, count: samples.count * dataset.sampleSize)
        rows.withUnsafeMutableBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            dataset.gather(samples[...], normalization: normalization, into: rows)
        }
        guard let classes = dataset.classNames else { return }
        var labels = [Int32](repeating: 0, count: samples.count)
        labels.withUnsafeMutableBufferPointer { dataset.gatherLabels(samples[...], into: $0.baseAddress!) }
        try require(labels.allSatisfy { classes.indices.contains(Int($0)) }, "a label is no class")
    }
}
