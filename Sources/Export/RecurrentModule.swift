import NeuralNetwork

/// The recurrent layers of a network that are one module in PyTorch: cells in one or both directions, one
/// layer behind the other.
struct RecurrentModule {
    /// The name of the module, and of its last layer.
    let name: String
    /// The indices of its layers in the network.
    let layers: ClosedRange<Int>
    /// The boundary that it reads.
    let input: Int
    let inputs: Int
    let cells: [RecurrentCellOptions]
    /// The rate of the dropout between its layers.
    let dropout: Double

    /// All of a network, in their order.
    static func all(of network: NetworkPlan) -> [RecurrentModule] {
        var modules: [RecurrentModule] = []
        for (index, layer) in network.layers.enumerated() {
            guard case .recurrentCell(let options) = layer.spec, options.owner != modules.last?.name,
                let last = network.layers.lastIndex(where: { $0.name == options.owner })
            else { continue }
            let layers = network.layers[index...last]
            modules.append(
                RecurrentModule(
                    name: options.owner, layers: index...last, input: layer.inputs[0],
                    inputs: layer.input.channels,
                    cells: layers.compactMap {
                        if case .recurrentCell(let options) = $0.spec { options } else { nil }
                    },
                    dropout: layers.compactMap {
                        if case .dropout(let rate) = $0.spec { rate } else { nil }
                    }.first ?? 0))
        }
        return modules
    }

    /// Tells whether a boundary lies between the module's own layers.
    func isInner(_ boundary: Int) -> Bool { boundary > layers.lowerBound && boundary <= layers.upperBound }

    var isBidirectional: Bool { cells.contains { $0.isReversed } }
    var hasAllOutputs: Bool { cells.last?.hasAllOutputs ?? true }
}
