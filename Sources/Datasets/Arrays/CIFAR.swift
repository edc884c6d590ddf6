import System

/// The binary versions of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html), plain or
/// gzip. A record is one label byte (CIFAR-100: two, coarse and fine) and 3 planes of 32 × 32 bytes: red,
/// green, blue.
package enum CIFAR {
    /// The label of CIFAR-100 that is predicted.
    package enum Labels: String, CaseIterable, Sendable {
        case fine
        case coarse

        fileprivate var count: Int { self == .fine ? 100 : 20 }
    }

    /// The files of a directory that are read.
    package enum Part: Sendable {
        case train
        case test
    }

    /// The classes of CIFAR-10 in the order of their labels.
    package static let classNames = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]

    private static let side = 32
    private static let pixels = 3 * side * side

    /// Reads CIFAR-10 as samples `[32, 32, 3]`, from files, one after the other, or from the directory that
    /// holds them under their published names (`data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`,
    /// also with `.gz`).
    /// - Throws: `DatasetError` or `SystemError`.
    package static func ten(_ paths: [String], part: Part) throws -> Dataset {
        let names = part == .train ? (1...5).map { "data_batch_\($0).bin" } : ["test_batch.bin"]
        return try read(
            paths.flatMap { files(at: $0, names) }, labelBytes: 1, labelAt: 0, classes: classNames)
    }

    /// Reads CIFAR-100 as samples `[32, 32, 3]`, from a file or from the published directory (`train.bin`,
    /// `test.bin`). Classes have the names of `fine_label_names.txt` or `coarse_label_names.txt` beside the
    /// file where it exists, and are numbered otherwise.
    /// - Parameter names: the classes' names, if they are known.
    /// - Throws: `DatasetError` or `SystemError`.
    package static func hundred(_ path: String, labels: Labels, part: Part, names: [String]? = nil) throws
        -> Dataset
    {
        let files = files(at: path, [part == .train ? "train.bin" : "test.bin"])
        let beside = try names ?? namesBeside(files[0], labels) ?? (0..<labels.count).map { String($0) }
        guard beside.count == labels.count else {
            throw DatasetError(
                "`\(path)` has \(labels.count) \(labels.rawValue) classes, not \(beside.count);"
                    + " give data sets of one kind")
        }
        return try read(files, labelBytes: 2, labelAt: labels == .coarse ? 0 : 1, classes: beside)
    }

    private static func files(at path: String, _ names: [String]) -> [String] {
        guard Directory.isDirectory(path) else { return [path] }
        return names.map { name in
            let file = Path.join(path, name)
            return !File.exists(file) && File.exists(file + ".gz") ? file + ".gz" : file
        }
    }

    private static func namesBeside(_ file: String, _ labels: Labels) throws -> [String]? {
        let path = Path.join(Path.directory(of: file), "\(labels.rawValue)_label_names.txt")
        guard File.exists(path) else { return nil }
        let lines = try File.readText(path, limit: 1 << 16).split(whereSeparator: \.isNewline).map(
            String.init)
        guard lines.count == labels.count, Set(lines).count == lines.count else {
            throw DatasetError(
                "`\(path)` has \(lines.count) lines, not \(labels.count) different names; restore or remove"
                    + " it")
        }
        return lines
    }

    /// - Parameters:
    ///   - labelBytes: the label bytes at the start of a record.
    ///   - labelAt: the offset of the label among them.
    private static func read(_ files: [String], labelBytes: Int, labelAt: Int, classes: [String]) throws
        -> Dataset
    {
        let record = labelBytes + pixels
        let contents = try files.map { try records($0, record) }
        let count = contents.reduce(0) { $0 + $1.count / record }
        let form = DatasetForm(
            elementType: .uint8, sampleShape: [side, side, 3], count: count, targets: .classes(classes))
        return try Dataset.build(form) { features, targets in
            let labels = targets.bindMemory(to: Int32.self)
            var sample = 0
            for (file, bytes) in zip(files, contents) {
                for start in stride(from: 0, to: bytes.count, by: record) {
                    let label = bytes[start + labelAt]
                    guard Int(label) < classes.count else {
                        throw DatasetError(
                            "`\(file)` has label \(label) in record \(start / record), but there are"
                                + " \(classes.count) classes; check that it is a file of this CIFAR version")
                    }
                    labels[sample] = Int32(label)
                    bytes[(start + labelBytes)...].withUnsafeBufferPointer { planes in
                        interleave(
                            planes,
                            into: UnsafeMutableRawBufferPointer(
                                rebasing: features[sample * pixels..<(sample + 1) * pixels]))
                    }
                    sample += 1
                }
            }
        }
    }

    /// Turns planes `[3, 32, 32]` into pixels `[32, 32, 3]`.
    private static func interleave(
        _ planes: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableRawBufferPointer
    ) {
        let plane = side * side
        for pixel in 0..<plane {
            for channel in 0..<3 { output[3 * pixel + channel] = planes[channel * plane + pixel] }
        }
    }

    /// Reads a file's bytes, which must be a whole number of records.
    /// - Parameter record: bytes per record.
    private static func records(_ path: String, _ record: Int) throws -> [UInt8] {
        guard File.exists(path) else {
            throw DatasetError(
                "there is no `\(path)`; get CIFAR-10 with `dist-train data get cifar10`, or unpack the binary"
                    + " version of CIFAR-100 (cifar-100-binary.tar.gz)")
        }
        let source = try ByteSource(path: path)
        let most = 100_000 * record  // the published files have 10,000 or 50,000
        var bytes = [UInt8](repeating: 0, count: min(source.largestSize, most + 1))
        let count = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
        guard count <= most else {
            throw DatasetError("`\(path)` is larger than any CIFAR file; check the path")
        }
        guard count > 0, count.isMultiple(of: record) else {
            throw DatasetError(
                "`\(path)` has \(TextFormat.grouped(count)) bytes, not a whole number of records of"
                    + " \(TextFormat.grouped(record)): it is truncated, or of another CIFAR version (the"
                    + " binary one is needed); download it again")
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
