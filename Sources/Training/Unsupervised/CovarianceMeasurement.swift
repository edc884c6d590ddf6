import Collectives
import Kernels
import NeuralNetwork

/// The error of a training set that cannot be measured.
package struct MeasurementError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Mean and covariance of the whole training set. All members sum them together, and every member gets the
/// same result.
///
/// There are two passes. The first sums the features, whose tree gives the mean; the second sums the scatter
/// around that mean (see `Scatter`), with one exchange for each block of rows. The covariance is Σ (x − m)(x
/// − m)ᵀ / (n − 1).
final class CovarianceMeasurement {
    /// The number of chunks that are read at once, so that the lanes can share them.
    private static let chunks = 8

    private let scatter: Scatter
    private let reader: SampleReader
    private let leaves: LeafSamples
    private let context: StepContext

    init(_ reader: SampleReader, _ leaves: LeafSamples, _ context: StepContext) {
        self.reader = reader
        self.leaves = leaves
        self.context = context
        scatter = Scatter(columns: reader.features)
    }

    struct Result {
        /// `[features]`
        let mean: [Float]
        /// `[features, features]`
        let covariance: DoubleBuffer
    }

    /// Measures in the phase `data` of a step.
    /// - Parameter exchange: the first of `Scatter.exchanges` in the step.
    /// - Throws: `MeasurementError` if the covariance is not finite, or what an exchange throws.
    func measure(exchange: Int, step: Int) throws -> Result {
        let n = Double(reader.count)
        let features = reader.features
        let collective = context.collective
        sumFeatures { collective.leaf(exchange, localMicrobatch: $0) }
        let sums = try context.combine(exchange, step: step, within: .data)
        let mean = (0..<features).map { sums[$0] / n }
        let centre = mean.map { Float($0) }
        let offset = zip(mean, centre).map { $0 - Double($1) }
        sumProducts(centre) { collective.leaf(exchange + 1 + $0, localMicrobatch: $1) }
        let covariance = DoubleBuffer(count: features * features)
        for block in 0..<scatter.blocks {
            let sums = try context.combine(exchange + 1 + block, step: step, within: .data)
            offset.withUnsafeBufferPointer {
                guard let offset = $0.baseAddress else { return }
                scatter.expand(
                    sums, block: block, factor: 1 / (n - 1), samples: n, offset: offset,
                    into: covariance.pointer)
            }
        }
        for i in 0..<features where !covariance.pointer[i * features + i].isFinite {
            throw MeasurementError(
                description: "the covariance of the training set is not finite at feature \(i):"
                    + " check the data for extreme values")
        }
        return Result(mean: centre, covariance: covariance)
    }

    private func sumFeatures(_ leaf: (Int) -> UnsafeMutablePointer<Double>) {
        let features = reader.features
        let rows = Scatter.chunkRows
        let scratch = (0..<context.lanes.lanes).map { _ in FloatBuffer(count: rows * features) }
        context.lanes.run(leaves.samples.count) { localMicrobatch, lane in
            let sums = leaf(localMicrobatch)
            let x = scratch[lane].pointer
            sums.update(repeating: 0, count: features)
            for start in stride(
                from: leaves.samples[localMicrobatch].lowerBound,
                to: leaves.samples[localMicrobatch].upperBound, by: rows)
            {
                let chunk = start..<min(leaves.samples[localMicrobatch].upperBound, start + rows)
                reader.read(chunk, into: x)
                Centres.addRows(x, rows: chunk.count, columns: features, to: sums)
            }
        }
    }

    private func sumProducts(_ centre: [Float], _ leaf: (Int, Int) -> UnsafeMutablePointer<Double>) {
        let features = reader.features
        let rows = Scatter.chunkRows
        let chunks = (0..<Self.chunks).map { _ in FloatBuffer(count: rows * features) }
        let scratch = (0..<context.lanes.lanes).map { _ in FloatBuffer(count: scatter.count(0)) }
        for (localMicrobatch, samples) in leaves.samples.enumerated() {
            for block in 0..<scatter.blocks {
                leaf(block, localMicrobatch).update(repeating: 0, count: scatter.count(block))
            }
            for start in stride(from: samples.lowerBound, to: samples.upperBound, by: rows * Self.chunks) {
                let group = start..<min(samples.upperBound, start + rows * Self.chunks)
                let count = (group.count + rows - 1) / rows
                context.lanes.run(count) { chunk, _ in
                    let part = (start + chunk * rows)..<min(group.upperBound, start + (chunk + 1) * rows)
                    reader.read(part, into: chunks[chunk].pointer)
                    centre.withUnsafeBufferPointer {
                        guard let centre = $0.baseAddress else { return }
                        scatter.centre(chunks[chunk].pointer, rows: part.count, by: centre)
                    }
                }
                context.lanes.run(scatter.blocks) { block, lane in
                    for chunk in 0..<count {
                        scatter.add(
                            chunks[chunk].pointer, block: block, to: leaf(block, localMicrobatch),
                            scratch: scratch[lane].pointer)
                    }
                }
            }
        }
    }
}
