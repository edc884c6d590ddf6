import CSIMD

// The update rules, 16 weights at a time. Their formulas stand at the functions of `OptimizerKernels`.

/// A moment of 16 weights in each vector.
typealias Moment = UnsafeMutablePointer<SIMD16<Float>>

/// Advances the moments of the i-th vector by its gradient.
protocol UpdateRule {
    /// The change of 16 weights, and the denominator by which the rule has divided.
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>)
}

extension OptimizerKernels {
    /// The scalars of one Adam step, the same for a whole run.
    package struct AdamStep: Equatable, Sendable {
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

    /// The scalars of one RMSProp step, the same for a whole run.
    package struct RMSPropStep: Equatable, Sendable {
        package var rate: Float
        package var alpha: Float
        package var oneMinusAlpha: Float
        package var epsilon: Float
        package var momentum: Float

        package init(rate: Float, alpha: Float, oneMinusAlpha: Float, epsilon: Float, momentum: Float) {
            self.rate = rate
            self.alpha = alpha
            self.oneMinusAlpha = oneMinusAlpha
            (self.epsilon, self.momentum) = (epsilon, momentum)
        }
    }
}

struct Descent: UpdateRule {
    let rate: Float

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        (rate * g, SIMD16(repeating: 1))
    }
}

struct Momentum: UpdateRule {
    let v: Moment
    let rate: Float
    let momentum: Float

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let next = momentum * v[i] + g
        v[i] = next
        return (rate * next, SIMD16(repeating: 1))
    }
}

struct Nesterov: UpdateRule {
    let v: Moment
    let rate: Float
    let momentum: Float

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let next = momentum * v[i] + g
        v[i] = next
        return (rate * (g + momentum * next), SIMD16(repeating: 1))
    }
}

struct AdaGrad: UpdateRule {
    let sum: Moment
    let rate: Float
    let epsilon: Float

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let next = sum[i] + g * g
        sum[i] = next
        let denominator = csimd_sqrt(next) + epsilon
        return (rate * g / denominator, denominator)
    }
}

extension OptimizerKernels.RMSPropStep {
    @inline(__always)
    fileprivate func denominator(_ square: Moment, _ i: Int, _ g: SIMD16<Float>) -> SIMD16<Float> {
        let next = alpha * square[i] + oneMinusAlpha * (g * g)
        square[i] = next
        return csimd_sqrt(next) + epsilon
    }

    /// Rounding may leave a variance just below 0, which counts as 0.
    @inline(__always)
    fileprivate func centeredDenominator(_ square: Moment, _ average: Moment, _ i: Int, _ g: SIMD16<Float>)
        -> SIMD16<Float>
    {
        let next = alpha * square[i] + oneMinusAlpha * (g * g)
        let mean = alpha * average[i] + oneMinusAlpha * g
        square[i] = next
        average[i] = mean
        let variance = next - mean * mean
        return csimd_sqrt(variance.replacing(with: 0, where: variance .< 0)) + epsilon
    }

    @inline(__always)
    fileprivate func velocity(_ v: Moment, _ i: Int, _ direction: SIMD16<Float>) -> SIMD16<Float> {
        let next = momentum * v[i] + direction
        v[i] = next
        return rate * next
    }
}

struct RMSProp: UpdateRule {
    let square: Moment
    let step: OptimizerKernels.RMSPropStep

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let denominator = step.denominator(square, i, g)
        return (step.rate * g / denominator, denominator)
    }
}

struct RMSPropMomentum: UpdateRule {
    let square: Moment
    let v: Moment
    let step: OptimizerKernels.RMSPropStep

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let denominator = step.denominator(square, i, g)
        return (step.velocity(v, i, g / denominator), denominator)
    }
}

struct CenteredRMSProp: UpdateRule {
    let square: Moment
    let average: Moment
    let step: OptimizerKernels.RMSPropStep

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let denominator = step.centeredDenominator(square, average, i, g)
        return (step.rate * g / denominator, denominator)
    }
}

struct CenteredRMSPropMomentum: UpdateRule {
    let square: Moment
    let v: Moment
    let average: Moment
    let step: OptimizerKernels.RMSPropStep

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let denominator = step.centeredDenominator(square, average, i, g)
        return (step.velocity(v, i, g / denominator), denominator)
    }
}

struct Adam: UpdateRule {
    let m: Moment
    let v: Moment
    let step: OptimizerKernels.AdamStep

    @inline(__always)
    func advance(_ i: Int, _ g: SIMD16<Float>) -> (change: SIMD16<Float>, denominator: SIMD16<Float>) {
        let first = step.beta1 * m[i] + step.oneMinusBeta1 * g
        let second = step.beta2 * v[i] + step.oneMinusBeta2 * (g * g)
        m[i] = first
        v[i] = second
        let denominator = csimd_sqrt(second) * step.inverseRootCorrection2 + step.epsilon
        return (step.stepSize * first / denominator, denominator)
    }
}
