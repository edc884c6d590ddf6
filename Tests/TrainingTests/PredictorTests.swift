import Datasets
import Jobs
import Kernels
import System
import TestSupport
import Testing
import Training

/// Predictions of 130 rows, one by one, in batches and beside others: the bits of one call for all of them.
@Suite struct PredictorTests {
    private static let rows = 130

    private struct Bench {
        let data: DecodedData
        let predictor: Predictor
        private let pool: LanePool

        init(_ model: String, normalize: String = #""z_score""#, lanes: Int) throws {
            let data =
                #"{train: {builtin: "digits"}, validation: {builtin: "digits"}, normalize: \#(normalize)}"#
            let job = try load(config(["data": data, "model": model])).job
            self.data = try DecodedData(reading: job.data)
            let plan = try TrainingPlan(job, self.data.facts)
            pool = LanePool(lanes: lanes)
            predictor = Predictor(
                plan: plan, normalization: self.data.normalization,
                parameters: Self.values(plan.network.layout.parameterSpace, 1),
                statistics: Self.values(plan.network.layout.statisticsCount, 2), lanes: pool)
        }

        /// Positive values, as variances must be.
        private static func values(_ count: Int, _ stream: Int) -> [Float] {
            var random = RandomStream(seed: 5, purpose: .test, major: stream)
            return (0..<count).map { _ in Float(random.uniform()) * 0.2 + 0.01 }
        }

        func bits(_ samples: Range<Int>) throws -> [[UInt32]] {
            var bits: [[UInt32]] = []
            for start in stride(from: samples.lowerBound, to: samples.upperBound, by: predictor.capacity) {
                let block = start..<min(samples.upperBound, start + predictor.capacity)
                try predictor.compute(block, of: data.train)
                let outputs = predictor.readable()
                let width = outputs.count / block.count
                bits += block.indices.map { row in
                    (0..<width).map { outputs.pointer[(row - start) * width + $0].bitPattern }
                }
            }
            return bits
        }

        func end() { pool.close() }
    }

    private static let models = [
        #"["flatten", {dense: 30, batch_norm: true, activation: "relu"}, {dense: 10}]"#,
        #"[{conv: 16, kernel: 3, batch_norm: true, activation: "relu"}, {conv: 32, kernel: 3}, "#
            + #"{max_pool: 2}, "flatten", {dense: 10}]"#,
    ]

    @Test(arguments: models, 1...3) func company(model: String, lanes: Int) async throws {
        try await onThread {
            let bench = try Bench(model, lanes: lanes)
            defer { bench.end() }
            #expect(bench.predictor.samplesAreIndependent)
            let expected = try bench.bits(0..<Self.rows)
            #expect(Set(expected).count > 100)
            for row in 0..<Self.rows {
                #expect(try bench.bits(row..<(row + 1))[0] == expected[row], "row \(row) alone")
            }
            for count in 2...Self.rows {
                let first = (count * 37) % (Self.rows - count + 1)
                #expect(
                    try bench.bits(first..<(first + count)) == Array(expected[first..<(first + count)]),
                    "\(count) rows from \(first) on")
            }
        }
    }

    /// OpenBLAS multiplies several rows together: they keep their places.
    @Test func places() async throws {
        try await onThread {
            let bench = try Bench(
                #"[{conv: 20, kernel: 3}, {max_pool: 2}, "flatten", {dense: 10}]"#,
                normalize: "{zca_whitening: {epsilon: 0.1}}", lanes: 2)
            defer { bench.end() }
            #expect(!bench.predictor.samplesAreIndependent)
            let expected = try bench.bits(0..<Self.rows)
            for count in 1...Self.rows {
                #expect(try bench.bits(0..<count) == Array(expected[..<count]), "\(count) rows")
            }
        }
    }
}
