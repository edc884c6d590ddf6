import Datasets
import System
import TestSupport
import Testing

@Suite struct CIFARTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The byte of a pixel in a file, as a function of record, channel, row and column.
    private func byte(_ record: Int, _ channel: Int, _ y: Int, _ x: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: record &* 91 &+ channel &* 57 &+ y &* 13 &+ x &* 7)
    }

    private func records(_ labels: [[UInt8]], from first: Int) -> [UInt8] {
        labels.enumerated().flatMap { index, labels in
            labels
                + (0..<3).flatMap { c in
                    (0..<32).flatMap { y in (0..<32).map { x in byte(first + index, c, y, x) } }
                }
        }
    }

    private func write(_ name: String, _ labels: [[UInt8]], from first: Int = 0) throws {
        try File.writeAtomically(records(labels, from: first), to: directory.file(name))
    }

    private func checkPixels(_ dataset: Dataset) {
        let rows = dataset.rows
        for record in 0..<dataset.count {
            for (c, y, x) in [(0, 0, 0), (2, 31, 31), (1, 3, 17), (2, 0, 5)] {
                #expect(rows[((record * 32 + y) * 32 + x) * 3 + c] == Float(byte(record, c, y, x)))
            }
        }
    }

    @Test func tenFromADirectoryAndFromFiles() throws {
        for index in 1...5 {
            try write("data_batch_\(index).bin", [[UInt8(index)], [9]], from: 2 * index - 2)
        }
        try write("test_batch.bin", [[0]])
        let train = try CIFAR.ten([directory.path], part: .train)
        #expect(train.sampleShape == [32, 32, 3] && train.form.elementType == .uint8)
        #expect(Array(train.labels) == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
        #expect(train.classNames?[9] == "truck")
        checkPixels(train)
        #expect(try CIFAR.ten([directory.path], part: .test).count == 1)
        let files = try CIFAR.ten((1...5).map { directory.file("data_batch_\($0).bin") }, part: .test)
        #expect(files.contentHash() == train.contentHash())
    }

    @Test func hundred() throws {
        try write("train.bin", [[3, 99], [19, 0]])
        let fine = try CIFAR.hundred(directory.path, labels: .fine, part: .train)
        #expect(Array(fine.labels) == [99, 0] && fine.classNames?[99] == "99")
        checkPixels(fine)
        try File.writeAtomically(
            (0..<20).map { "group \($0)\n" }.joined(), to: directory.file("coarse_label_names.txt"))
        let coarse = try CIFAR.hundred(directory.file("train.bin"), labels: .coarse, part: .train)
        #expect(Array(coarse.labels) == [3, 19] && coarse.classNames?[19] == "group 19")
    }

    @Test func whatIsWrongIsNamed() throws {
        func message(_ bytes: [UInt8]) throws -> String {
            try File.writeAtomically(bytes, to: directory.file("a.bin"))
            return complaint(in: directory) { _ = try CIFAR.ten([directory.file("a.bin")], part: .train) }
        }
        let whole = records([[1], [2]], from: 0)
        #expect(
            try message(Array(whole.dropLast())).hasPrefix(
                "`a.bin` has 6,145 bytes, not a whole number of records of 3,073: it is truncated"))
        #expect(try message([]).hasPrefix("`a.bin` has 0 bytes"))
        #expect(
            try message(records([[1], [10]], from: 0))
                == "`a.bin` has label 10 in record 1, but there are 10 classes;"
                + " check that it is a file of this CIFAR version")
    }
}
