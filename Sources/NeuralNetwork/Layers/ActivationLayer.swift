import Kernels

/// `y = f(x)` for each value: ReLU `max(x, 0)`, leaky ReLU, ELU, sigmoid `1/(1 + e⁻ˣ)`, tanh. Gradients come from y alone.
final class ActivationLayer: Layer {
    private let function: ActivationFunction

    init(_ function: ActivationFunction) { self.function = function }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let size = SlotRows.samplesPerVectorTile(width: input.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            let (x, y) = (input.row(tile.slot, tile.start), output.row(tile.slot, tile.start))
            let count = tile.count * input.width
            switch function {
            case .relu: Elementwise.relu(x, into: y, count: count)
            case .leakyReLU(let slope): Elementwise.leakyReLU(x, slope: Float(slope), into: y, count: count)
            case .elu(let alpha): Elementwise.elu(x, alpha: Float(alpha), into: y, count: count)
            case .sigmoid: VectorMath.sigmoid(x, into: y, count: count)
            case .tanh: VectorMath.tanh(x, into: y, count: count)
            }
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        guard let inputGradient else { return }
        let (rows, size) = (pass.pass.rows, SlotRows.samplesPerVectorTile(width: input.width))
        pass.pass.lanes.run(rows.tileCount(of: size)) { task, _ in
            let tile = rows.tile(task, of: size)
            let (y, dy) = (output.row(tile.slot, tile.start), outputGradient.row(tile.slot, tile.start))
            let dx = inputGradient.row(tile.slot, tile.start)
            let count = tile.count * input.width
            switch function {
            case .relu: Elementwise.reluBackward(y: y, dy: dy, into: dx, count: count)
            case .leakyReLU(let slope):
                Elementwise.leakyReLUBackward(y: y, dy: dy, slope: Float(slope), into: dx, count: count)
            case .elu(let alpha):
                Elementwise.eluBackward(y: y, dy: dy, alpha: Float(alpha), into: dx, count: count)
            case .sigmoid: Elementwise.sigmoidBackward(y: y, dy: dy, into: dx, count: count)
            case .tanh: Elementwise.tanhBackward(y: y, dy: dy, into: dx, count: count)
            }
        }
    }
}
