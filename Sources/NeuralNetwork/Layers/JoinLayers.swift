import Kernels

/// `y = Σ xᵢ`; every `dxᵢ = dy`.
final class AddLayer: JoinLayer {
    func forward(_ inputs: [SlotMatrix], _ output: SlotMatrix, _ pass: Pass) {
        let size = SlotRows.samplesPerVectorTile(width: output.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            let (y, count) = (output.row(tile.slot, tile.start), tile.count * output.width)
            Elementwise.sum(
                inputs[0].row(tile.slot, tile.start),
                inputs[min(1, inputs.count - 1)].row(tile.slot, tile.start), into: y, count: count)
            for i in stride(from: 2, to: inputs.count, by: 1) {
                Elementwise.add(inputs[i].row(tile.slot, tile.start), to: y, count: count)
            }
        }
    }

    func backward(outputGradient: SlotMatrix, _ inputGradients: [InputGradient?], _ pass: Pass) {
        // One of them may have the memory of dy: nothing is to do there.
        for case .some(let gradient) in inputGradients where gradient.values.row(0) != outputGradient.row(0) {
            if gradient.accumulates {
                Self.add(outputGradient, to: gradient.values, pass)
            } else {
                Self.copy(outputGradient, to: gradient.values, pass)
            }
        }
    }

    /// `to += from` for every slot.
    static func add(_ from: SlotMatrix, to: SlotMatrix, _ pass: Pass) {
        let size = SlotRows.samplesPerVectorTile(width: from.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            Elementwise.add(
                from.row(tile.slot, tile.start), to: to.row(tile.slot, tile.start),
                count: tile.count * from.width)
        }
    }

    private static func copy(_ from: SlotMatrix, to: SlotMatrix, _ pass: Pass) {
        let size = SlotRows.samplesPerVectorTile(width: from.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            to.row(tile.slot, tile.start).update(
                from: from.row(tile.slot, tile.start), count: tile.count * from.width)
        }
    }
}

/// The channels of all inputs side by side, at every position; `dxᵢ` is the part of dy that came from it.
final class ConcatenateLayer: JoinLayer {
    private let positions: Int
    /// Of every input.
    private let channels: [Int]

    init(positions: Int, channels: [Int]) { (self.positions, self.channels) = (positions, channels) }

    func forward(_ inputs: [SlotMatrix], _ output: SlotMatrix, _ pass: Pass) {
        let width = channels.reduce(0, +)
        let size = PoolLayer.imagesPerTile(width * positions)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            var first = 0
            for (input, channels) in zip(inputs, channels) {
                Columns.copy(
                    input.row(tile.slot, tile.start), stride: channels,
                    to: output.row(tile.slot, tile.start) + first, stride: width,
                    rows: tile.count * positions, columns: channels)
                first += channels
            }
        }
    }

    func backward(outputGradient: SlotMatrix, _ inputGradients: [InputGradient?], _ pass: Pass) {
        let width = channels.reduce(0, +)
        let size = PoolLayer.imagesPerTile(width * positions)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            var first = 0
            for (gradient, channels) in zip(inputGradients, channels) {
                let dy = outputGradient.row(tile.slot, tile.start) + first
                first += channels
                guard let gradient else { continue }
                let dx = gradient.values.row(tile.slot, tile.start)
                let rows = tile.count * positions
                if gradient.accumulates {
                    Columns.add(dy, stride: width, to: dx, stride: channels, rows: rows, columns: channels)
                } else {
                    Columns.copy(dy, stride: width, to: dx, stride: channels, rows: rows, columns: channels)
                }
            }
        }
    }
}
