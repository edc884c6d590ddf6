import Datasets
import System
import TestSupport
import Testing

@Suite struct DatasetTests {
    private func small() throws -> Dataset {
        try Dataset.make(
            bytes: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], sampleShape: [1, 2, 2],
            labels: [2, 0, 1],
            classNames: ["cat", "dog", "Kühe"])
    }

    private func serialized(_ dataset: Dataset) -> [UInt8] { Array(dataset.serialized) }

    @Test func theCanonicalFormIsTheDocumentedOne() throws {
        let bytes = serialized(try small())
        #expect(bytes.count.isMultiple(of: 64))
        #expect(Array(bytes[..<16]) == Array("DTRAINDS".utf8) + [1, 0, 0, 0, 1, 0, 0, 0])
        #expect(Array(bytes[16..<32]) == [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0])
        #expect(
            Array(bytes[64..<88]) == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(bytes[128..<135]) == [3, 0, 0, 0] + Array("cat".utf8))
        #expect(Array(bytes[192..<204]) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110])
        #expect(Array(bytes[256..<268]) == [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test func itComesBackFromMemoryAndFromAFile() throws {
        let directory = try TemporaryDirectory()
        for dataset in [
            try small(),
            try Dataset.make(
                floats: [1.5, -2, 3, 4], sampleShape: [2], values: [0.5, 0.25, 7, 8], targetWidth: 2),
            try Dataset.make(
                floats: [1.5, -2, 3, 4], sampleShape: [2], labels: [0, 1], classNames: ["a", "b"]),
        ] {
            let path = directory.file("data")
            try File.writeAtomically(serialized(dataset), to: path)
            for copy in [try Dataset(serialized: serialized(dataset)), try Dataset(MappedFile(path))] {
                #expect(copy.form == dataset.form)
                #expect(copy.contentHash() == dataset.contentHash())
                #expect(copy.contentHash() == SHA256.digest(of: serialized(dataset)))
                #expect(Array(copy.labels) == Array(dataset.labels))
                #expect(Array(copy.values) == Array(dataset.values))
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let bytes = serialized(try small())
        for count in 0..<bytes.count {
            #expect(throws: DatasetError.self) { try Dataset(serialized: Array(bytes[..<count])) }
        }
        #expect(throws: DatasetError.self) { try Dataset(serialized: bytes + [0]) }
    }

    @Test func noByteOfTheHeaderMakesItCrash() throws {
        let bytes = serialized(try small())
        for offset in 0..<192 {
            for value in [0, 1, 2, 9, 0x7F, 0x80, 0xFF] as [UInt8] {
                var damaged = bytes
                damaged[offset] = value
                guard let dataset = try? Dataset(serialized: damaged) else { continue }
                #expect(dataset.serialized.count == bytes.count)
                #expect(dataset.count * dataset.sampleSize <= bytes.count)
            }
        }
    }

    @Test func labelsOutsideTheClassesAreRefused() throws {
        let error = #expect(throws: DatasetError.self) {
            try Dataset.make(bytes: [1, 2], sampleShape: [1], labels: [0, 2], classNames: ["a", "b"])
        }
        #expect(error?.description == "label 2 of sample 1 is outside the classes 0…1; check the labels")
        var bytes = serialized(try small())
        bytes[259] = 0x80  // a negative label
        #expect(throws: DatasetError.self) { try Dataset(serialized: bytes) }
    }

    @Test func rowsAreGatheredAndNormalised() throws {
        let dataset = try small()
        let normalization = Normalization(kind: .zScore, shift: [10, 20], factor: [0.5, 0.25])
        var rows = [Float](repeating: -1, count: 9)
        var labels = [Int32](repeating: -1, count: 3)
        dataset.gather([9, 2, 0][1...], normalization: normalization, into: &rows)
        dataset.gatherLabels([9, 2, 0][1...], into: &labels)
        #expect(rows == [35, 17.5, 45, 22.5, -5, -2.5, 5, 2.5, -1])
        #expect(labels == [1, 2, -1])

        let table = try Dataset.make(
            floats: [1.5, -2, 3, 4], sampleShape: [2], values: [0.5, 0.25, 7, 8], targetWidth: 2)
        table.gather([1, 0][...], normalization: Normalization(.none, of: table), into: &rows)
        #expect(rows[..<4] == [3, 4, 1.5, -2])
        table.gatherValues([1, 0][...], into: &rows)
        #expect(rows[..<4] == [7, 8, 0.5, 0.25])
    }

    @Test func differencesBetweenTwoSetsAreNamed() throws {
        let train = try small()
        try train.requireSameForm(of: try small(), named: "data.validation", as: "data.train")
        let wide = try Dataset.make(
            bytes: [1, 2, 3], sampleShape: [3], labels: [0], classNames: ["cat", "dog", "Kühe"])
        let error = #expect(throws: DatasetError.self) {
            try train.requireSameForm(of: wide, named: "data.validation", as: "data.train")
        }
        #expect(
            error?.description
                == "samples of `data.validation` have shape [3], those of `data.train` [1, 2, 2];"
                + " give data sets of one kind"
        )
        let other = try Dataset.make(
            bytes: [1, 2, 3, 4], sampleShape: [1, 2, 2], labels: [0], classNames: ["cat"])
        let classes = #expect(throws: DatasetError.self) {
            try train.requireSameForm(of: other, named: "v", as: "t")
        }
        #expect(classes?.description.contains("`v` has 1 class and `t` 3") == true)
    }
}

@Suite struct NormalizationTests {
    /// Normalization works per column; the third column is constant.
    private func table() throws -> Dataset {
        try Dataset.make(
            floats: [1, 10, 5, 3, 20, 5, 5, 60, 5], sampleShape: [3], labels: [0, 0, 0], classNames: ["a"])
    }

    @Test func zScorePerColumn() throws {
        let normalization = Normalization(.zScore, of: try table())
        #expect(normalization.shift == [3, 30, 5])
        // The variances are 8/3, 1400/3, and 0, which counts as 1.
        #expect(
            normalization.factor == [Float((3.0 / 8).squareRoot()), Float((3.0 / 1_400).squareRoot()), 1])
    }

    @Test func minMaxPerColumn() throws {
        let normalization = Normalization(.minMax, of: try table())
        #expect(normalization.shift == [1, 10, 5])
        #expect(normalization.factor == [0.25, 0.02, 1])
    }

    @Test func digitsAgreeWithPython() throws {
        let (train, _) = try Digits.load()
        let normalization = Normalization(.zScore, of: train)
        #expect(normalization.shift == [4.886177800974252])
        #expect(normalization.factor == [Float(1 / 6.008113741288145)])
    }

    /// Bytes in the training, and then the same picture in other units.
    @Test(
        arguments: [
            // kind, factor on the bytes, whether a remark is made
            (.zScore, 1, false), (.zScore, 1 / 255, true), (.zScore, 0.3, false), (.minMax, 1 / 255, true),
            (.minMax, 1, false), (.minMax, 0.5, false), (.zScore, 257, true), (.minMax, 257, true),
            (.none, 1 / 255, false), (.zScore, 0, false),
        ] as [(Normalization.Kind, Float, Bool)])
    func otherUnitsAreNoticed(kind: Normalization.Kind, factor: Float, isNoticed: Bool) throws {
        func picture(_ factor: Float) throws -> Dataset {
            let values = (0..<64).map { Float($0 * 37 % 256) * factor }
            return try Dataset.make(
                floats: values, sampleShape: [4, 4, 1], labels: [0, 0, 0, 0], classNames: ["a"])
        }
        let normalization = Normalization(kind, of: try picture(1))
        let note = normalization.unitNote(on: try picture(factor), named: "test")
        #expect((note != nil) == isNoticed, "\(note as Any)")
        #expect(note.map { $0.kind == "other_unit" && $0.text.contains("`test`") } ?? true)
        let few = try Dataset.make(
            floats: [0, 1, 0, 1], sampleShape: [2, 2, 1], labels: [0], classNames: ["a"])
        #expect(normalization.unitNote(on: few, named: "few") == nil)
    }
}
