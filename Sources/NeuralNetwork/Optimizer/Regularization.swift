import Kernels

/// The penalty that is added to the mean loss: `l1 · ‖w‖₁ + (l2/2) · ‖w‖²`, over weights alone, without
/// biases and parameters of batch norm. L2 adds `l2 · w` to the gradient. L1 is a proximal step after the
/// update, which makes weights exactly 0.
package struct Regularization: Equatable, Sendable {
    package var l1: Double
    package var l2: Double

    package init(l1: Double = 0, l2: Double = 0) { (self.l1, self.l2) = (l1, l2) }

    /// scikit-learn's elastic net: `alpha · (ratio · ‖w‖₁ + (1 − ratio)/2 · ‖w‖²)`.
    package init(alpha: Double, l1Ratio: Double) { self.init(l1: alpha * l1Ratio, l2: alpha * (1 - l1Ratio)) }

    package var isNone: Bool { l1 == 0 && l2 == 0 }

    /// The penalty of a model's parameters: the same bits for the same parameters.
    package func penalty(of parameters: UnsafePointer<Float>, _ layout: ParameterLayout) -> Double {
        let cells = GradientCells(layout)
        let sums = DoubleBuffer(count: cells.cells.count * VectorNorms.width)
        for (i, cell) in cells.cells.enumerated() {
            let destination = sums.pointer + i * VectorNorms.width
            VectorNorms.measure(
                parameters + cell.lowerBound, count: cell.count, width: VectorNorms.width, into: destination)
        }
        var (magnitude, square) = (0.0, 0.0)
        for (tensor, range) in zip(layout.tensors, cells.ofTensor) where tensor.role == .weight {
            let norms = VectorNorms.combine(sums.pointer, range, width: VectorNorms.width)
            magnitude += norms.magnitude
            square += norms.square
        }
        return l1 * magnitude + l2 / 2 * square
    }
}

/// The rule for gradients that are too large, before L2's part is added.
package enum GradientClipping: Equatable, Sendable {
    /// The whole gradient is scaled by `min(1, most / (‖g‖ + 10⁻⁶))`, as by PyTorch's `clip_grad_norm_`.
    case globalNorm(Double)
    /// Every element is limited to −most … most.
    case value(Double)

    /// The factor of the gradient: 1 where nothing is to be scaled, or the norm is no number.
    package func scale(norm: Double) -> Double {
        guard case .globalNorm(let most) = self else { return 1 }
        let scale = most / (norm + 1e-6)
        return scale < 1 ? scale : 1
    }
}
