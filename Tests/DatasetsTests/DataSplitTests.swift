import Datasets
import Testing

@Suite struct DataSplitTests {
    private func labelled(_ counts: [Int]) throws -> Dataset {
        // The classes are interleaved as far as their counts allow.
        var left = counts
        var labels: [Int32] = []
        while labels.count < counts.reduce(0, +) {
            for index in left.indices where left[index] > 0 {
                labels.append(Int32(index))
                left[index] -= 1
            }
        }
        return try Dataset.make(
            floats: labels.indices.map { Float($0) }, sampleShape: [1], labels: labels,
            classNames: counts.indices.map { "c\($0)" })
    }

    private func counts(_ samples: [Int], _ data: Dataset, _ classes: Int) -> [Int] {
        (0..<classes).map { index in samples.count { data.labels[$0] == Int32(index) } }
    }

    /// Each set has its fraction of every class, rounded so that the whole set has its fraction of all
    /// samples; a class of one sample is for training.
    @Test(
        arguments: [
            ([50, 50, 50], 0.2, 0.2, [10, 10, 10], [10, 10, 10]),
            ([59, 71, 48], 0.15, 0.15, [9, 11, 7], [9, 11, 7]),
            ([90, 10], 0.1, 0.2, [9, 1], [18, 2]),
            ([97, 2, 1], 0.1, 0.1, [10, 0, 0], [10, 0, 0]),
            ([3, 3, 3, 3], 0.25, 0.25, [1, 1, 1, 0], [1, 1, 1, 0]),
            ([1, 1, 1, 9], 0.25, 0.25, [0, 0, 0, 3], [0, 0, 0, 3]),
            ([10, 0, 10], 0.5, 0.1, [5, 0, 5], [1, 0, 1]),
            ([2, 2], 0.25, 0.25, [1, 0], [1, 0]),
            ([357, 212], 0.15, 0.15, [53, 32], [53, 32]),
        ] as [([Int], Double, Double, [Int], [Int])])
    func classesAreShared(
        sizes: [Int], validation: Double, test: Double, validated: [Int], tested: [Int]
    ) throws {
        let data = try labelled(sizes)
        let split = DataSplit(validation: validation, test: test, isStratified: true, seed: 7)
        let parts = try split.parts(of: data)
        let total = sizes.reduce(0, +)
        #expect((parts.train + parts.validation + parts.test).sorted() == Array(0..<total))
        for part in [parts.train, parts.validation, parts.test] { #expect(part == part.sorted()) }
        let found = [parts.validation, parts.test].map { counts($0, data, sizes.count) }
        for (index, size) in sizes.enumerated() where size > 0 {
            #expect(parts.train.contains { data.labels[$0] == Int32(index) })
        }
        #expect(found[0].reduce(0, +) == validated.reduce(0, +), "\(found)")
        #expect(found[1].reduce(0, +) == tested.reduce(0, +), "\(found)")
        #expect(zip(found[0], validated).allSatisfy { abs($0 - $1) <= 1 }, "\(found)")
        #expect(zip(found[1], tested).allSatisfy { abs($0 - $1) <= 1 }, "\(found)")
        #expect(try split.parts(of: data) == parts)
    }

    /// Without classes to look at, the validation set is the one of a split without a test set.
    @Test func aTestSetLeavesTheValidationSetAsItIs() throws {
        let data = try labelled([100, 50])
        let alone = try DataSplit(validation: 0.2, seed: 3).parts(of: data)
        let both = try DataSplit(validation: 0.2, test: 0.1, seed: 3).parts(of: data)
        #expect(alone.validation == both.validation && both.test.count == 15 && alone.test.isEmpty)
        let tested = try DataSplit(test: 0.1, seed: 3).parts(of: data)
        #expect(tested.validation.isEmpty && tested.test.count == 15 && tested.train.count == 135)
    }

    @Test func mistakesAreNamed() throws {
        let values = try Dataset.make(
            floats: [1, 2, 3], sampleShape: [1], values: [1, 2, 3], targetWidth: 1)
        let error = #expect(throws: DatasetError.self) {
            try DataSplit(validation: 0.3, isStratified: true, seed: 1).parts(of: values)
        }
        #expect(error?.description.contains("a stratified split needs classes") == true)
        let few = #expect(throws: DatasetError.self) {
            try DataSplit(validation: 0.3, test: 0.3, seed: 1).parts(of: try labelled([2]))
        }
        #expect(few?.description == "2 samples cannot be split into 3 sets; give more data")
    }
}
