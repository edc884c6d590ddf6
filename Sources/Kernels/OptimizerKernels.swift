import CSIMD

/// Optimizer updates in one pass over a run of the flat vector. `gradient` is the sum over the global batch, `scale` its 1/(number of samples).
/// Counts are multiples of 16.
package enum OptimizerKernels {
    private typealias Vector = UnsafeMutablePointer<SIMD16<Float>>

    @inline(__always)
    private static func simd(_ p: UnsafeMutablePointer<Float>) -> Vector {
        UnsafeMutableRawPointer(p).assumingMemoryBound(to: SIMD16<Float>.self)
    }

    /// `w −= rate · g`.
    package static func gradientDescent(
        _ w: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>, count: Int, scale: Float, rate: Float
    ) {
        let (w, g) = (simd(w), simd(gradient))
        for i in 0..<(count / 16) { w[i] -= rate * (g[i] * scale) }
    }

    /// `v = momentum · v + g; w −= rate · v` (PyTorch's form).
    package static func momentum(
        _ w: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>, velocity: UnsafeMutablePointer<Float>, count: Int,
        scale: Float, rate: Float, momentum: Float
    ) {
        let (w, g, v) = (simd(w), simd(gradient), simd(velocity))
        for i in 0..<(count / 16) {
            let next = momentum * v[i] + g[i] * scale
            v[i] = next
            w[i] -= rate * next
        }
    }

    /// The scalars of one Adam step, the same for all parameters.
    package struct AdamStep: Sendable {
        package var beta1: Float
        package var beta2: Float
        package var oneMinusBeta1: Float
        package var oneMinusBeta2: Float
        /// rate / (1 − β₁ᵗ)
        package var stepSize: Float
        /// 1 / √(1 − β₂ᵗ)
        package var inverseRootCorrection2: Float
        package var epsilon: Float

        package init(
            beta1: Float, beta2: Float, oneMinusBeta1: Float, oneMinusBeta2: Float, stepSize: Float,
            inverseRootCorrection2: Float, epsilon: Float
        ) {
            self.beta1 = beta1
            self.beta2 = beta2
            self.oneMinusBeta1 = oneMinusBeta1
            self.oneMinusBeta2 = oneMinusBeta2
            self.stepSize = stepSize
            self.inverseRootCorrection2 = inverseRootCorrection2
            self.epsilon = epsilon
        }
    }

    /// Adam (https://arxiv.org/abs/1412.6980): `m = β₁m + (1−β₁)g; v = β₂v + (1−β₂)g²; w −= stepSize · m / (√v · c + ε)`.
    package static func adam(
        _ w: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>, m: UnsafeMutablePointer<Float>,
        v: UnsafeMutablePointer<Float>, count: Int, scale: Float, step: AdamStep
    ) {
        let (w, g, m, v) = (simd(w), simd(gradient), simd(m), simd(v))
        for i in 0..<(count / 16) {
            let gradient = g[i] * scale
            let first = step.beta1 * m[i] + step.oneMinusBeta1 * gradient
            let second = step.beta2 * v[i] + step.oneMinusBeta2 * (gradient * gradient)
            m[i] = first
            v[i] = second
            let denominator = csimd_sqrt(second) * step.inverseRootCorrection2 + step.epsilon
            w[i] -= step.stepSize * first / denominator
        }
    }
}
