import Datasets
import System
import TestSupport

/// A directory with made-up data under all the names that the jobs in `config/` use, from which they run.
final class ReadyJobs {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["data", "data/mnist", "data/cifar-10-batches-bin", "data/trec"] {
            try Directory.createNew(directory.file(name), mode: 0o700)
        }
        for (name, count) in [("train", 150), ("t10k", 70)] {
            try write(
                "data/mnist/\(name)-images-idx3-ubyte.gz",
                Self.idx([count, 28, 28]) { UInt8(truncatingIfNeeded: $0 % 784 * ($0 / 784 % 10 + 1)) })
            try write("data/mnist/\(name)-labels-idx1-ubyte.gz", Self.idx([count]) { UInt8($0 % 10) })
        }
        let measurements = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
        try directory.write(
            "data/diabetes.csv",
            Self.table(measurements, ["target"], rows: 90) { row, _ in 100 + row * 37 % 113 })
        try directory.write(
            "data/labels.csv",
            Self.table((0..<20).map { "x\($0)" }, ["a", "b", "c", "d", "e"], rows: 200) { row, label in
                (row + label) % (label + 2) == 0 ? 1 : 0
            })
        for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
            var records: [UInt8] = []
            for record in 0..<60 {
                records.append(UInt8(record % 10))
                for pixel in 0..<3072 {
                    records.append(UInt8(truncatingIfNeeded: (pixel * (record + 3)) >> 4))
                }
            }
            try write("data/cifar-10-batches-bin/\(name).bin", records)
        }
        try writePhotos()
        try writeTexts()
    }

    /// A text of words with Shakespeare's 65 characters, questions of six classes, and sums. There is
    /// something to learn in each: how words go on, and which word tells the class.
    private func writeTexts() throws {
        let characters = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        let words = ["Kingdom", "Juliet", "wherefore", "CAESAR", "gentlemen", "yonder", "heaven", "blood"]
        var random = SplitMix(state: 7)
        let text = (0..<1400).map { _ in words[Int.random(in: words.indices, using: &random)] }
        try directory.write("data/shakespeare.txt", characters + text.joined(separator: " "))
        let classes = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
        for (name, rows) in [("train", 260), ("test", 60)] {
            let questions = (0..<rows).map { row in
                var words = (0..<(2 + row % 9)).map { _ in "w\(Int.random(in: 0..<23, using: &random))" }
                words.insert("c\(row % 6)", at: Int.random(in: 0...words.count, using: &random))
                return "\(classes[row % 6]),\"What is \(words.joined(separator: ", ")) ?\""
            }
            try directory.write(
                "data/trec/\(name).csv", (["label,text"] + questions).joined(separator: "\n") + "\n")
        }
        let sums = (0..<700).map { row in
            let (a, b) = (10 + row % 31, 10 + row / 31)
            return "{\"prompt\": \"\(a)+\(b)=\", \"answer\": \"0\(a + b)\"}"
        }
        try directory.write("data/sums.jsonl", sums.joined(separator: "\n") + "\n")
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws {
        try File.writeAtomically(bytes, to: directory.file(name))
    }

    private static func idx(_ dimensions: [Int], _ value: (Int) -> UInt8) -> [UInt8] {
        let header: [UInt8] =
            [0, 0, 8, UInt8(dimensions.count)]
            + dimensions.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] }
        return header + (0..<dimensions.reduce(1, *)).map(value)
    }

    private static func table(
        _ columns: [String], _ targets: [String], rows: Int, _ target: (Int, Int) -> Int
    ) -> String {
        var lines = [(columns + targets).joined(separator: ",")]
        for row in 0..<rows {
            let values = columns.indices.map { "\(Double((row * ($0 + 3) * 29) % 101) / 8 - 5)" }
            lines.append((values + targets.indices.map { "\(target(row, $0))" }).joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func writePhotos() throws {
        for (set, counts) in [("train", [24, 12]), ("test", [5, 5])] {
            for (kind, count) in zip(["cats", "dogs"], counts) {
                let folder = "data/photos/\(set)/\(kind)"
                var made = directory.path
                for part in folder.split(separator: "/") {
                    made = Path.join(made, String(part))
                    if !Directory.isDirectory(made) { try Directory.createNew(made, mode: 0o700) }
                }
                for index in 0..<count {
                    let (width, height) = (34 + index % 3, 36)
                    let factor = kind == "cats" ? 7 : 3
                    let pixels = (0..<(3 * width * height)).map {
                        UInt8(truncatingIfNeeded: $0 * factor + index * 11)
                    }
                    try PNGFile.write(
                        ByteImage(width: width, height: height, channels: 3, pixels: pixels),
                        to: directory.file("\(folder)/\(index).png"))
                }
            }
        }
    }

    /// Runs the program with this directory as its current one.
    func run(_ arguments: [String], fault: String? = nil, seconds: Double = 120) throws -> Program.Finished {
        try Program.finish(try start(arguments, fault: fault), seconds: seconds)
    }

    func start(_ arguments: [String], fault: String? = nil) throws -> ChildProcess {
        try ChildProcess(
            "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", directory.path, Program.path] + arguments,
            environment: Program.environment(
                directory.path, fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:]),
            standardOutput: .capture, standardError: .capture)
    }
}
