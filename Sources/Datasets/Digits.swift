/// The embedded data set: 1,797 handwritten digits of 8 × 8 pixels with values from 0 to 16 (UCI "Optical
/// Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, CC BY 4.0; see CDatasets/ATTRIBUTION.md).
package enum Digits {
    package static let trainingCount = 1_437
    package static let validationCount = 360
    private static let pixels = 64

    /// Decodes the first 1,437 images for training and the last 360 for validation: samples `[8, 8, 1]` of
    /// bytes, ten classes.
    /// - Throws: `DatasetError` if the embedded bytes are damaged.
    package static func load() throws -> (train: Dataset, validation: Dataset) {
        let rows = try readRows()
        guard rows.count == (trainingCount + validationCount) * (pixels + 1) else {
            throw DatasetError(
                "the embedded digits are damaged: \(rows.count) values; install this program again")
        }
        let split = trainingCount * (pixels + 1)
        return (try dataset(rows[..<split]), try dataset(rows[split...]))
    }

    private static func dataset(_ rows: ArraySlice<UInt8>) throws -> Dataset {
        var features: [UInt8] = []
        var labels: [Int32] = []
        for start in stride(from: rows.startIndex, to: rows.endIndex, by: pixels + 1) {
            features += rows[start..<start + pixels]
            labels.append(Int32(rows[start + pixels]))
        }
        return try Dataset.make(
            bytes: features, sampleShape: [8, 8, 1], labels: labels, classNames: (0..<10).map { String($0) })
    }

    /// All numbers of the CSV file after its header, row by row: 64 pixels and the label.
    private static func readRows() throws -> [UInt8] {
        let source = try EmbeddedDataset.digits.source()
        var text = [UInt8](repeating: 0, count: 1 << 20)
        let count = try text.withUnsafeMutableBytes { try source.read(into: $0) }
        var values: [UInt8] = []
        var value = 0
        for byte in text[..<count].drop(while: { $0 != UInt8(ascii: "\n") }).dropFirst() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = min(255, value * 10 + Int(byte - UInt8(ascii: "0")))
            case UInt8(ascii: ","), UInt8(ascii: "\n"):
                values.append(UInt8(value))
                value = 0
            case UInt8(ascii: "\r"): continue
            default:
                throw DatasetError(
                    "the embedded digits are damaged: byte \(byte) in the table; install this program again")
            }
        }
        return values
    }
}
