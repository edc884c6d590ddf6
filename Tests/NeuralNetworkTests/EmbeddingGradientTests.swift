import Kernels
import NeuralNetwork
import Testing

/// The gradient of a table of which a step looks up a few rows.
@Suite struct EmbeddingGradientTests {
    private static let (entries, width, longest) = (500, 20, 7)  // rows begin anywhere

    private static func bench(_ sizes: [Int], lanes: Int = 1) throws -> SequenceBench {
        let bench = try SequenceBench(
            [
                NamedLayer(
                    "words", .embedding(entries: entries, width: width, initializer: .normal(deviation: 1))),
                NamedLayer("tanh", .activation(.tanh)), NamedLayer("mean", .globalPool(.average)),
                NamedLayer("head", .dense(units: 3, bias: true, initializer: .xavierUniform)),
            ], channels: 1, longest: longest, classes: 3, sizes: sizes, lanes: lanes)
        bench.plan.layout.initialize(bench.parameters.pointer, seed: 7)
        return bench
    }

    private static func tokens(_ sample: Int, step: Int) -> [Float] {
        (0..<(1 + (5 * sample + step) % longest)).map { position in
            position % 3 == 2 ? 499 : Float((sample * 37 + position * 11 + step * 101) % entries)
        }
    }

    private static func load(_ bench: SequenceBench, _ samples: Range<Int>, step: Int) {
        let sequences = samples.map { tokens($0, step: step) }
        bench.load(
            sequences.flatMap { $0 }, lengths: sequences.map(\.count), labels: samples.map { $0 % 3 })
    }

    /// The sum of dense vectors by the definition of the tree.
    private static func sum(_ leaves: ArraySlice<[Float]>) -> [Float] {
        guard leaves.count > 1 else { return leaves[leaves.startIndex] }
        var half = 1
        while 2 * half < leaves.count { half *= 2 }
        return zip(sum(leaves.prefix(half)), sum(leaves.dropFirst(half))).map { $0 + $1 }
    }

    /// Step after step in the same memory, the gradient has the bits of the microbatches' own gradients,
    /// zeros included, added up along the tree; and it is known where it is not zero.
    @Test(arguments: [[4], [1, 2, 1], [2, 1, 1, 3, 1, 2, 1], [1, 1, 1, 1, 1, 1, 1, 1]], [1, 2])
    func addsLikeDenseVectors(sizes: [Int], lanes: Int) throws {
        let whole = try Self.bench(sizes, lanes: lanes)
        let table = try #require(whole.plan.layout.tensors.first).range
        #expect(whole.plan.layout.sparse == [table.lowerBound..<FlatVector.aligned(table.upperBound)])
        for step in 0..<4 {
            let samples = sizes.reduce(0, +)
            Self.load(whole, 0..<samples, step: step)
            _ = try whole.step()
            var first = 0
            let leaves = try sizes.map { size in
                let part = try Self.bench([size])
                Self.load(part, first..<(first + size), step: step)
                first += size
                _ = try part.step()
                return table.map { part.gradient[$0] }
            }
            let expected = Self.sum(leaves[...])
            #expect(
                table.allSatisfy {
                    whole.gradient[$0].bitPattern == expected[$0 - table.lowerBound].bitPattern
                })

            let touched = Set((0..<samples).flatMap { Self.tokens($0, step: step) }.map { Int($0) })
            let occupancy = try #require(whole.occupancy)
            let groups = Set(
                touched.flatMap { ($0 * Self.width / 16)...(($0 * Self.width + Self.width - 1) / 16) })
            let words = occupancy.words(from: 0)
            #expect(
                (0..<((table.count + 15) / 16)).allSatisfy {
                    (words[$0 / 64] >> UInt64($0 % 64) & 1 == 1) == groups.contains($0)
                })
            #expect(groups.count < table.count / 16 / 4)
        }
    }

    /// A head with the same table has a gradient for every row, and what is frozen has none.
    @Test func denseTables() throws {
        let tied = try LanguageModelBench(
            TransformerTests.gpt(), context: 9, vocabulary: 11, lengths: [[5, 2], [9]], lanes: 1)
        #expect(tied.plan.layout.sparse.isEmpty)
        let frozen = try NetworkPlan(
            layers: [
                NamedLayer("words", .embedding(entries: 50, width: 4, initializer: .normal(deviation: 1))),
                NamedLayer("head", .dense(units: 50, bias: true, initializer: .xavierUniform)),
            ], input: TensorShape([9, 1]), loss: .crossEntropy, freeze: ["words"])
        #expect(frozen.layout.sparse.isEmpty)
    }
}
