import Datasets
import System
import TestSupport

/// A directory with made-up data under all the names that the jobs in `config/` use, from which they run.
final class ReadyJobs {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["data", "data/cifar-10-batches-bin"] { try Directory.createNew(directory.file(name), mode: 0o700) }
        for (name, count) in [("train", 150), ("t10k", 70)] {
            try write("data/\(name)-images-idx3-ubyte.gz", Self.idx([count, 28, 28]) { UInt8(truncatingIfNeeded: $0 % 784 * ($0 / 784 % 10 + 1)) })
            try write("data/\(name)-labels-idx1-ubyte.gz", Self.idx([count]) { UInt8($0 % 10) })
        }
        let measurements = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
        try directory.write("data/diabetes.csv", Self.table(measurements, rows: 90) { ["\(100 + $0 * 37 % 113)"] } header: ["target"])
        try directory.write(
            "data/breast-cancer.csv", Self.table((0..<30).map { "m\($0)" }, rows: 130) { ["\($0 * 7 % 3 == 0 ? 1 : 0)"] } header: ["target"])
        try directory.write(
            "data/labels.csv",
            Self.table((0..<20).map { "x\($0)" }, rows: 200) { row in (0..<5).map { "\((row + $0) % ($0 + 2) == 0 ? 1 : 0)" } }
                header: ["a", "b", "c", "d", "e"])
        for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
            try write(
                "data/cifar-10-batches-bin/\(name).bin",
                (0..<60).flatMap { record in [UInt8(record % 10)] + (0..<3072).map { UInt8(truncatingIfNeeded: $0 * (record + 3) >> 4) } })
        }
        try writePhotos()
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws { try File.writeAtomically(bytes, to: directory.file(name)) }

    private static func idx(_ dimensions: [Int], _ value: (Int) -> UInt8) -> [UInt8] {
        let header: [UInt8] = [0, 0, 8, UInt8(dimensions.count)] + dimensions.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] }
        return header + (0..<dimensions.reduce(1, *)).map(value)
    }

    private static func table(
        _ columns: [String], rows: Int, _ targets: (Int) -> [String], header: [String]
    ) -> String {
        let lines = (0..<rows).map { row in
            (columns.indices.map { "\(Double((row * ($0 + 3) * 29) % 101) / 8 - 5)" } + targets(row)).joined(separator: ",")
        }
        return ([(columns + header).joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
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
                    let pixels = (0..<(3 * width * height)).map { UInt8(truncatingIfNeeded: $0 * (kind == "cats" ? 7 : 3) + index * 11) }
                    try PNGFile.write(
                        ByteImage(width: width, height: height, channels: 3, pixels: pixels), to: directory.file("\(folder)/\(index).png"))
                }
            }
        }
    }

    /// Runs the program with this directory as its current one.
    func run(_ arguments: [String], seconds: Double = 120) throws -> Program.Finished {
        let process = try ChildProcess(
            "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", directory.path, Program.path] + arguments,
            environment: Program.environment(directory.path), standardOutput: .capture, standardError: .capture)
        return try Program.finish(process, seconds: seconds)
    }
}
