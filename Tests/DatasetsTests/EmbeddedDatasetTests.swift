import Datasets
import System
import TestSupport
import Testing

/// The embedded tables are scikit-learn's copies: a Python script beside the hashes computed them.
@Suite struct EmbeddedDatasetTests {
    private func field(_ name: String, of set: EmbeddedDataset) throws -> String {
        let text = try File.readText(ProjectFiles.path("Tests/Fixtures/datasets/hashes.json"), limit: 1 << 16)
        let own = try #require(text.split(separator: "\"\(set.rawValue)\":").last)
        let value = try #require(own.split(separator: "\"\(name)\":").dropFirst().first)
        return String(value.prefix { $0 != "," && $0 != "\n" }.filter { $0 != "\"" && $0 != " " })
    }

    @Test(arguments: [
        (EmbeddedDataset.wine, 13, ["class_0", "class_1", "class_2"], "alcohol", [59, 71, 48]),
        (.breastCancer, 30, ["benign", "malignant"], "mean radius", [357, 212]),
    ])
    func tablesAreWhole(
        set: EmbeddedDataset, width: Int, classes: [String], column: String, counts: [Int]
    ) throws {
        let (dataset, encoding) = try set.table()
        #expect(try field("samples", of: set) == "\(dataset.count)")
        #expect(dataset.sampleShape == [width] && dataset.classNames == classes)
        #expect(encoding.featureNames.count == width && encoding.featureNames[0] == column)
        #expect(encoding.featureOffsets.allSatisfy { $0 == 0 })
        #expect([NamedCount](of: dataset.labels, named: classes).map(\.count) == counts)
        let bytes = dataset.rows.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        #expect(SHA256.hexDigest(of: bytes) == (try field("features", of: set)))
        let names = dataset.labels.map { classes[Int($0)] }.joined(separator: "\n")
        #expect(SHA256.hexDigest(of: Array(names.utf8)) == (try field("classes", of: set)))
        #expect(try set.table(with: encoding).contentHash() == dataset.contentHash())
    }

    @Test func words() {
        #expect(EmbeddedDataset(word: "builtin:wine") == .wine)
        #expect(EmbeddedDataset(word: "builtin:breast_cancer") == .breastCancer)
        #expect(EmbeddedDataset(word: "builtin:none") == nil && EmbeddedDataset(word: "wine") == nil)
    }
}
