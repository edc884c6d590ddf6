import Jobs
import Kernels
import NeuralNetwork

/// Measures the training set's covariance with all members, and writes the statistics of the network's
/// whitening layer. This happens in step 0, before anything is computed with them; every later checkpoint has
/// them.
enum WhiteningPreparation {
    static func run(_ context: StepContext, _ spec: WhiteningSpec, _ plan: WhiteningPlan, step: Int) throws {
        let reader = SampleReader(context.data.train, context.data.normalization)
        let leaves = LeafSamples(context.collective, count: reader.count)
        let measured = try CovarianceMeasurement(reader, leaves, context).measure(
            exchange: plan.exchange, step: step)
        let count = spec.kind == .zca ? plan.inputs : plan.outputs
        guard
            let eigen = SymmetricEigen(
                measured.covariance, size: plan.inputs, vectorCount: count, lanes: context.lanes)
        else {
            throw MeasurementError(
                description: "the covariance of the training set has no eigenvectors that can be computed")
        }
        let mean = context.state.statistics.pointer + plan.mean
        let matrix = context.state.statistics.pointer + plan.matrix
        for (i, m) in measured.mean.enumerated() { mean[i] = m }
        func factor(_ variance: Double) -> Double { 1 / ScalarMath.sqrt(max(0, variance) + spec.epsilon) }
        switch spec.kind {
        case .zca: eigen.matrixFunction(factor, into: matrix, lanes: context.lanes)
        case .pca:
            for component in 0..<count {
                let vector = eigen.vectors.pointer + component * plan.inputs
                let scale = factor(eigen.values[component])
                for i in 0..<plan.inputs { matrix[i * plan.outputs + component] = Float(vector[i] * scale) }
            }
        }
    }
}
