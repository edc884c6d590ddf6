import CSIMD

/// Optimizer updates in one pass over a run of the flat vector, in vectors of 16: counts are multiples of 16.
///
/// Every rule sees the gradient `g` of the objective without its L1 term: the batch's sum times `scale`,
/// clipped elementwise, plus `l2 · w`. It answers with the change of w and the denominator by which it
/// divides; L1 is then a proximal step, which makes small weights exactly 0:
/// `z = decay · w − change; w = sign(z) · max(|z| − threshold / denominator, 0)`.
package enum OptimizerKernels {
    /// The scalars of one step's updates that all rules use, the same for a whole run.
    package struct Common: Equatable, Sendable {
        /// 1/(samples of the global batch), and the clipping by global norm.
        package var scale: Float
        /// The largest magnitude of a gradient's element: infinite if they are not clipped.
        package var limit: Float
        package var l2: Float
        /// Decoupled weight decay: 1 − rate · weight decay.
        package var decay: Float
        /// The proximal step's threshold.
        package var threshold: Float

        package init(
            scale: Float, limit: Float = .infinity, l2: Float = 0, decay: Float = 1, threshold: Float = 0
        ) {
            self.scale = scale
            self.limit = limit
            self.l2 = l2
            self.decay = decay
            self.threshold = threshold
        }

        fileprivate var isPlain: Bool { limit == .infinity && l2 == 0 && decay == 1 && threshold == 0 }
    }

    package typealias Pointer = UnsafeMutablePointer<Float>

    /// `change = rate · g`.
    package static func gradientDescent(
        _ w: Pointer, gradient: Pointer, count: Int, _ common: Common, rate: Float
    ) {
        update(w, gradient, count, common, Descent(rate: rate))
    }

    /// PyTorch's momentum: `v = momentum · v + g; change = rate · v`, and `rate · (g + momentum · v)` with
    /// Nesterov's.
    package static func momentum(
        _ w: Pointer, gradient: Pointer, velocity: Pointer, count: Int, _ common: Common, rate: Float,
        momentum: Float,
        isNesterov: Bool = false
    ) {
        if isNesterov {
            update(w, gradient, count, common, Nesterov(v: simd(velocity), rate: rate, momentum: momentum))
        } else {
            update(w, gradient, count, common, Momentum(v: simd(velocity), rate: rate, momentum: momentum))
        }
    }

    /// AdaGrad (https://jmlr.org/papers/v12/duchi11a.html): `s = s + g²; change = rate · g / (√s + ε)`.
    package static func adagrad(
        _ w: Pointer, gradient: Pointer, sum: Pointer, count: Int, _ common: Common, rate: Float,
        epsilon: Float
    ) {
        update(w, gradient, count, common, AdaGrad(sum: simd(sum), rate: rate, epsilon: epsilon))
    }

    /// RMSProp (G. Hinton's lecture 6e; PyTorch's form): `s = αs + (1−α)g²; change = rate · g / (√s + ε)`.
    ///
    /// Centred: `a = αa + (1−α)g`, and the root is of `s − a²`. With momentum:
    /// `v = momentum · v + g / (√… + ε); change = rate · v`.
    package static func rmsprop(
        _ w: Pointer, gradient: Pointer, square: Pointer, velocity: Pointer?, average: Pointer?, count: Int,
        _ common: Common,
        step: RMSPropStep
    ) {
        let square = simd(square)
        switch (velocity.map(simd), average.map(simd)) {
        case (nil, nil): update(w, gradient, count, common, RMSProp(square: square, step: step))
        case (let v?, nil):
            update(w, gradient, count, common, RMSPropMomentum(square: square, v: v, step: step))
        case (nil, let a?):
            update(w, gradient, count, common, CenteredRMSProp(square: square, average: a, step: step))
        case (let v?, let a?):
            update(
                w, gradient, count, common,
                CenteredRMSPropMomentum(square: square, v: v, average: a, step: step))
        }
    }

    /// Adam (https://arxiv.org/abs/1412.6980):
    /// `m = β₁m + (1−β₁)g; v = β₂v + (1−β₂)g²; change = stepSize · m / (√v · c + ε)`.
    package static func adam(
        _ w: Pointer, gradient: Pointer, m: Pointer, v: Pointer, count: Int, _ common: Common, step: AdamStep
    ) {
        update(w, gradient, count, common, Adam(m: simd(m), v: simd(v), step: step))
    }

    /// `average += share · (w − average)`: PyTorch's `lerp`, whose second form makes a share of 1 exact.
    package static func average(_ average: Pointer, of w: Pointer, count: Int, share: Float) {
        let (average, w) = (simd(average), simd(w))
        if share < 0.5 {
            for i in 0..<(count / 16) { average[i] += share * (w[i] - average[i]) }
        } else {
            for i in 0..<(count / 16) { average[i] = w[i] - (1 - share) * (w[i] - average[i]) }
        }
    }

    @inline(__always)
    private static func simd(_ p: Pointer) -> UnsafeMutablePointer<SIMD16<Float>> {
        UnsafeMutableRawPointer(p).assumingMemoryBound(to: SIMD16<Float>.self)
    }

    @inline(__always)
    private static func update(
        _ w: Pointer, _ gradient: Pointer, _ count: Int, _ common: Common, _ rule: some UpdateRule
    ) {
        let (w, g) = (simd(w), simd(gradient))
        if common.isPlain {
            for i in 0..<(count / 16) { w[i] -= rule.advance(i, g[i] * common.scale).change }
            return
        }
        for i in 0..<(count / 16) {
            let weight = w[i]
            let (change, denominator) = rule.advance(
                i, clamp(g[i] * common.scale, to: common.limit) + common.l2 * weight)
            let z = common.decay * weight - change
            w[i] = z - clamp(z, to: common.threshold / denominator)
        }
    }

    @inline(__always)
    private static func clamp(_ x: SIMD16<Float>, to limit: Float) -> SIMD16<Float> {
        clamp(x, to: SIMD16(repeating: limit))
    }

    /// NaN stays NaN.
    @inline(__always)
    private static func clamp(_ x: SIMD16<Float>, to limit: SIMD16<Float>) -> SIMD16<Float> {
        x.replacing(with: limit, where: x .> limit).replacing(with: -limit, where: x .< -limit)
    }
}
