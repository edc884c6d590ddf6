import Datasets
import Testing

/// Data sets whose samples are pieces of a stream.
@Suite struct StreamTests {
    private func form(
        _ index: StreamForm.Index, count: Int, length: Int, vocabulary: Int? = 600,
        targets: Targets = .nextToken, positions: Int = 20
    ) -> DatasetForm {
        DatasetForm(
            elementType: vocabulary.map(ElementType.ofTokens) ?? .float32,
            sampleShape: [length, vocabulary == nil ? 2 : 1], count: count, targets: targets,
            stream: StreamForm(positions: positions, vocabulary: vocabulary, index: index))
    }

    /// Tokens 0, 27, 54, … 513.
    private func tokens(_ form: DatasetForm, _ samples: [StreamSample] = []) throws -> Dataset {
        try Dataset.build(form, samples: samples) { features, _ in
            let stream = features.bindMemory(to: UInt16.self)
            for position in stream.indices { stream[position] = UInt16(27 * position) }
        }
    }

    private func read(_ dataset: Dataset, _ samples: [Int]) -> (tokens: [Float], labels: [Int32]) {
        let count = samples.reduce(0) { $0 + dataset.length(ofSample: $1) }
        var (tokens, labels) = ([Float](repeating: -1, count: count), [Int32](repeating: -7, count: count))
        dataset.gather(samples[...], normalization: Normalization(.none, of: dataset), into: &tokens)
        if dataset.form.targets == .nextToken { dataset.gatherNextTokens(samples[...], into: &labels) }
        return (tokens, labels)
    }

    @Test func windowsLieAStrideApart() throws {
        #expect(StreamForm.windows(of: 5, stride: 3, in: 20) == 6)
        #expect(StreamForm.windows(of: 21, stride: 3, in: 20) == 0)
        let dataset = try tokens(form(.windows(stride: 3), count: 6, length: 4))
        let (read, labels) = read(dataset, [5, 0])
        #expect(read == [405, 432, 459, 486, 0, 27, 54, 81])
        #expect(labels == [432, 459, 486, 513, 27, 54, 81, 108])
        #expect(dataset.countedTargets(ofSample: 3) == 4 && !dataset.isRagged && dataset.hasSequences)
    }

    @Test func tablesHaveUnequalLengths() throws {
        let samples = [
            StreamSample(start: 17, length: 1), StreamSample(start: 2, length: 3, firstCounted: 2),
        ]
        let dataset = try tokens(form(.table, count: 2, length: 3), samples)
        let (read, labels) = read(dataset, [1, 0])
        #expect(read == [54, 81, 108, 459])
        #expect(labels == [-1, -1, 135, 486])
        #expect((0..<2).map(dataset.length(ofSample:)) == [1, 3])
        #expect((0..<2).map(dataset.countedTargets(ofSample:)) == [1, 1])
    }

    @Test func selectionsKeepTheirSamples() throws {
        let dataset = try tokens(form(.windows(stride: 3), count: 6, length: 4))
        let selected = try dataset.selecting([4, 1])
        #expect(read(selected, [0, 1]) == read(dataset, [4, 1]))
        #expect(try read(dataset.prefix(2), [1]) == read(dataset, [1]))
    }

    @Test func classesAndValuesHaveStreamsToo() throws {
        var classes = form(.table, count: 2, length: 3, targets: .classes(["a", "b"]))
        classes.stream?.positions = 20
        let samples = [StreamSample(start: 0, length: 2), StreamSample(start: 17, length: 3)]
        let dataset = try Dataset.build(classes, samples: samples) { _, targets in
            targets.bindMemory(to: Int32.self)[1] = 1
        }
        #expect(Array(dataset.labels) == [0, 1] && dataset.countedTargets(ofSample: 1) == 1)
        let selected = try dataset.selecting([1])
        #expect(Array(selected.labels) == [1] && selected.streamSample(0) == samples[1])

        let values = form(.windows(stride: 2), count: 9, length: 4, vocabulary: nil, targets: .absent)
        let series = try Dataset.build(values) { features, _ in
            let stream = features.bindMemory(to: Float.self)
            for i in stream.indices { stream[i] = Float(i) }
        }
        var rows = [Float](repeating: 0, count: 8)
        series.gather([8], normalization: Normalization(.none, of: series), into: &rows)
        #expect(rows == (32..<40).map { Float($0) })
        series.gather([8], normalization: Normalization(.zScore, of: series), into: &rows)
        #expect(rows[0] == rows[1] && rows[0] < rows[2])
    }

    /// Written bytes are read, and no others are.
    @Test func canonicalFormIsChecked() throws {
        let samples = [
            StreamSample(start: 15, length: 4), StreamSample(start: 2, length: 3, firstCounted: 2),
        ]
        for dataset in [
            try tokens(form(.table, count: 2, length: 4), samples),
            try tokens(form(.windows(stride: 3), count: 6, length: 4)),
        ] {
            let bytes = Array(dataset.serialized)
            let copy = try Dataset(serialized: bytes)
            #expect(copy.form == dataset.form)
            let all = Array(0..<dataset.count)
            #expect(read(copy, all) == read(dataset, all))
            for count in 0..<bytes.count {
                #expect(throws: DatasetError.self) { try Dataset(serialized: Array(bytes[..<count])) }
            }
            for index in bytes.indices {
                for bit in 0..<8 {
                    var damaged = bytes
                    damaged[index] ^= 1 << bit
                    guard let found = try? Dataset(serialized: damaged), found.form.stream != nil,
                        found.count <= 100
                    else { continue }
                    _ = read(found, Array(0..<found.count))
                }
            }
        }
    }

    @Test func samplesOutsideTheStreamAreRefused() throws {
        for sample in [
            StreamSample(start: 16, length: 4), StreamSample(start: 1 << 62, length: 4),
            StreamSample(start: 0, length: 0), StreamSample(start: 0, length: 5),
            StreamSample(start: 0, length: 4, firstCounted: 4),
        ] {
            #expect(throws: DatasetError.self) {
                try self.tokens(self.form(.table, count: 1, length: 4), [sample])
            }
        }
        #expect(throws: DatasetError.self) {
            try self.tokens(self.form(.windows(stride: 3), count: 7, length: 4))
        }
        #expect(throws: DatasetError.self) {
            try self.tokens(self.form(.windows(stride: 3), count: 6, length: 4, vocabulary: 500))
        }
    }

    /// Batches of an epoch have about equal lengths; each epoch has all samples, in another order.
    @Test func batchesHaveEqualLengths() {
        let lengths = (0..<1003).map { 1 + $0 * 7919 % 97 }
        func order(_ epoch: Int) -> [Int] {
            SampleOrder.ofEpoch(epoch, count: 1003, seed: 7, batchSize: 10) { lengths[$0] }
        }
        let (first, second) = (order(0), order(1))
        #expect(first.sorted() == Array(0..<1003) && second.sorted() == Array(0..<1003))
        #expect(first != second && order(0) == first)
        let spread = (0..<100).map { batch in
            let found = first[(10 * batch)..<(10 * batch + 10)].map { lengths[$0] }
            return (found.max() ?? 0) - (found.min() ?? 0)
        }
        #expect(spread.reduce(0, +) < 100 * 8, "without sorting it would be about 80 each")
        let means = (0..<100).map { batch in
            first[(10 * batch)..<(10 * batch + 10)].map { lengths[$0] }.max() ?? 0
        }
        #expect(means != means.sorted())
    }
}
