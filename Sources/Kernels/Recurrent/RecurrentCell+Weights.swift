import CKernels

/// Weights in the form in which the passes read them: packed once for all positions.
extension RecurrentCell {
    /// The cell's parameters in memory's layout.
    package struct Parameters {
        let weights: (input: UnsafePointer<Float>, hidden: UnsafePointer<Float>)
        let biases: (input: UnsafePointer<Float>, hidden: UnsafePointer<Float>)

        package init(
            inputWeight: UnsafePointer<Float>, hiddenWeight: UnsafePointer<Float>,
            inputBias: UnsafePointer<Float>, hiddenBias: UnsafePointer<Float>
        ) {
            weights = (inputWeight, hiddenWeight)
            biases = (inputBias, hiddenBias)
        }
    }

    /// Panels of a forward pass's weights: 16 units of one gate each.
    package var forwardPanels: Int { gates * vectors }
    /// Floats of a forward pass's weights: the panels of W_ih, those of W_hh, and the biases of the slots.
    package var forwardWeightsCount: Int { (inputs + units) * gatesWidth + slots * paddedUnits }

    /// Packs some panels of a forward pass's weights, with their biases.
    package func packForward(
        _ parameters: Parameters, panels: Range<Int>, into packed: UnsafeMutablePointer<Float>
    ) {
        let biases = packed + (inputs + units) * gatesWidth
        for panel in panels {
            let (gate, unit) = (panel / vectors, panel % vectors * 16)
            let (column, count) = (gate * units + unit, min(16, units - unit))
            ckernels_pack(
                parameters.weights.input + column, columns, inputs, count, packed + panel * 16 * inputs)
            ckernels_pack(
                parameters.weights.hidden + column, columns, units, count,
                packed + inputs * gatesWidth + panel * 16 * units)
            let own = Vector(at: parameters.biases.input + column, count: count)
            let hidden = Vector(at: parameters.biases.hidden + column, count: count)
            if slot(gate, .hidden) == gate {
                (own + hidden).store(at: biases + panel * 16)
            } else {
                own.store(at: biases + panel * 16)
                hidden.store(at: biases + slot(gate, .hidden) * paddedUnits + unit)
            }
        }
    }

    func hiddenWeights(_ packed: UnsafePointer<Float>) -> UnsafePointer<Float> {
        packed + inputs * gatesWidth
    }
    func slotBiases(_ packed: UnsafePointer<Float>) -> UnsafePointer<Float> {
        packed + (inputs + units) * gatesWidth
    }

    /// Panels of a backward pass's weights: 16 rows of W_hh or, behind those, of W_ih.
    package var backwardPanels: Int { vectors + PanelProduct.panels(width: inputs) }
    package var backwardWeightsCount: Int { backwardPanels * 16 * gatesWidth }

    /// Packs some panels of a backward pass's weights.
    package func packBackward(
        _ parameters: Parameters, panels: Range<Int>, into packed: UnsafeMutablePointer<Float>
    ) {
        for panel in panels {
            let isHidden = panel < vectors
            let row = 16 * (isHidden ? panel : panel - vectors)
            let weights = (isHidden ? parameters.weights.hidden : parameters.weights.input) + row * columns
            let count = min(16, (isHidden ? units : inputs) - row)
            for gate in 0..<gates {
                let to = packed + (panel * gatesWidth + gate * paddedUnits) * 16
                ckernels_pack_transposed(weights + gate * units, columns, units, count, to)
                (to + units * 16).update(repeating: 0, count: (paddedUnits - units) * 16)
            }
        }
    }

    func inputWeights(backward packed: UnsafePointer<Float>) -> UnsafePointer<Float> {
        packed + vectors * 16 * gatesWidth
    }
}
