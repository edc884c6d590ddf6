import Datasets
import System
import TestSupport
import Testing

/// Files in Tests/Fixtures/readers; make_fixtures.py there describes them.
enum ReaderFixtures {
    static func path(_ name: String) -> String {
        Path.join(
            "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/"),
            "Fixtures/readers/" + name)
    }

    static func bytes(_ name: String) throws -> [UInt8] { try File.read(path(name), limit: 1 << 24) }

    static func floats(_ name: String) throws -> [Float] {
        try bytes(name).withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map { offset in
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            }
        }
    }
}

extension Dataset {
    /// All features, without normalisation.
    var rows: [Float] {
        var rows = [Float](repeating: 0, count: count * sampleSize)
        gather(Array(0..<count)[...], normalization: Normalization(.none, of: self), into: &rows)
        return rows
    }
}

/// The error of `body` without the directory's name; "no error" if it throws none.
func complaint(in directory: TemporaryDirectory, _ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)".replacing(directory.path + "/", with: "")
    }
}
