import Kernels

/// Recurrent layers of one kind, as PyTorch's `nn.RNN`, `nn.LSTM` and `nn.GRU` make them.
package struct RecurrentOptions: Equatable, Sendable {
    package enum Cell: Sendable { case tanh, relu, lstm, gru }

    package var cell: Cell
    /// Hidden values of each direction.
    package var units: Int
    /// Layers, each of which reads the outputs of the one before it.
    package var layers = 1
    /// True to read the positions from the last to the first too; the outputs of both directions lie side by
    /// side.
    package var isBidirectional = false
    /// True for an output at every position; otherwise that behind the last step of each direction.
    package var hasAllOutputs = true
    /// The probability with which dropout sets a value between two layers to 0.
    package var dropout = 0.0

    package init(_ cell: Cell, units: Int) { (self.cell, self.units) = (cell, units) }
}

/// The definition of recurrent layers: cells in one direction, one for each layer and direction. Their
/// tensors have PyTorch's names, such as `lstm1.weight_ih_l0_reverse`. The last layer has the block's name.
struct RecurrentDefinition: CompositeDefinition {
    let options: RecurrentOptions

    func append(_ block: CompositeContext, to builder: inout NetworkBuilder) throws(ShapeMismatch) -> Int {
        var current = block.input
        for layer in 0..<options.layers {
            let isLast = layer == options.layers - 1
            if layer > 0, options.dropout > 0 {
                current = try builder.append(
                    "\(block.name).dropout\(layer - 1)", .dropout(rate: options.dropout),
                    DropoutDefinition(rate: options.dropout), reading: [current])
            }
            current = try append(layer, isLast: isLast, block, reading: current, to: &builder)
        }
        return current
    }

    /// Appends one layer in its directions.
    private func append(
        _ layer: Int, isLast: Bool, _ block: CompositeContext, reading input: Int,
        to builder: inout NetworkBuilder
    ) throws(ShapeMismatch) -> Int {
        let name = isLast ? block.name : "\(block.name).l\(layer)"
        var ends: [Int] = []
        for isReversed in options.isBidirectional ? [false, true] : [false] {
            let cell = RecurrentCellOptions(
                cell: options.cell, units: options.units, isReversed: isReversed,
                hasAllOutputs: options.hasAllOutputs || !isLast, owner: block.name,
                suffix: "l\(layer)\(isReversed ? "_reverse" : "")")
            ends.append(
                try builder.append(
                    options.isBidirectional ? "\(block.name).\(cell.suffix)" : name, .recurrentCell(cell),
                    RecurrentCellDefinition(options: cell), reading: [input]))
        }
        guard ends.count > 1 else { return ends[0] }
        return try builder.append(
            isLast ? name : "\(name)_both", .concatenate, ConcatenateDefinition(), reading: ends)
    }
}
