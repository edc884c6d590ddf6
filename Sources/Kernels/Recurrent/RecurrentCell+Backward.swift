import CKernels
import CSIMD

extension RecurrentCell {
    /// Floats of scratch memory for `backward` with a group of `samples`.
    package func backwardScratchCount(samples: Int) -> Int {
        samples * (gatesWidth + (hasCells ? 2 : 1) * paddedUnits)
    }

    /// Computes the time loop backwards, from the gradients of the outputs: writes into every slot the
    /// gradient of what goes into its gate. The outputs of the group's samples are gradients here.
    package func backward(
        _ group: RecurrentGroup, _ weights: UnsafePointer<Float>, _ outputs: Outputs,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let packed = scratch
        let states = scratch + group.count * gatesWidth
        let cells = states + group.count * paddedUnits
        states.update(repeating: 0, count: group.count * (hasCells ? 2 : 1) * paddedUnits)
        var active = 0
        for step in (0..<group.steps).reversed() {
            while active < group.count, group[active].length > step { active += 1 }
            for r in 0..<active {
                let gradients = StepGradients(
                    cell: self, place: StepPlace(group[r], step, outputs, self),
                    state: states + r * paddedUnits, cells: cells + r * paddedUnits, packed: packed + r * 16,
                    packedStride: 16 * group.count)
                switch kind {
                case .tanh: gradients.elman { $1 * (1 - $0 * $0) }
                case .relu:
                    gradients.elman { csimd_select(csimd_less(Vector(repeating: 0), $0), $1, .zero) }
                case .lstm: gradients.lstm()
                case .gru: gradients.gru()
                }
            }
            if step == 0 { break }
            PanelSteps.multiply(
                packed, stride: 16 * group.count, rows: active, weights, depth: gatesWidth, panels: vectors,
                accumulates: kind == .gru, into: states)
        }
    }
}

/// A backward step of one sample: from the gradient of its state to those of its gates.
private struct StepGradients {
    let cell: RecurrentCell
    let place: StepPlace
    /// The part of dL/dh that came from the steps behind; a GRU leaves the part that goes past its gates.
    let state: UnsafeMutablePointer<Float>
    /// dL/dc of an LSTM.
    let cells: UnsafeMutablePointer<Float>
    /// The sample's row of the left operand of the product with W_hhᵀ, in panels.
    let packed: UnsafeMutablePointer<Float>
    let packedStride: Int

    /// dL/dh for 16 units.
    @inline(__always)
    private func gradient(_ unit: Int) -> Vector {
        let behind = Vector(at: state + unit)
        guard let output = place.output else { return behind }
        return behind + Vector(at: output + unit, count: min(16, cell.units - unit))
    }

    @inline(__always)
    private func store(_ gradient: Vector, _ slot: Int, _ unit: Int) {
        gradient.store(at: place.record + slot * cell.paddedUnits + unit)
    }

    /// Writes a gate's gradient into the left operand of the next product.
    @inline(__always)
    private func pack(_ gradient: Vector, _ gate: Int, _ unit: Int) {
        gradient.store(at: packed + (gate * cell.vectors + unit / 16) * packedStride)
    }

    @inline(__always)
    func elman(_ derivative: (_ h: Vector, _ gradient: Vector) -> Vector) {
        for unit in stride(from: 0, to: cell.paddedUnits, by: 16) {
            let d = derivative(Vector(at: place.record + unit), gradient(unit))
            store(d, 0, unit)
            pack(d, 0, unit)
        }
    }

    @inline(__always)
    func lstm() {
        let (record, width) = (place.record, cell.paddedUnits)
        for unit in stride(from: 0, to: width, by: 16) {
            let (i, f) = (Vector(at: record + unit), Vector(at: record + width + unit))
            let (g, o) = (Vector(at: record + 2 * width + unit), Vector(at: record + 3 * width + unit))
            let before = Vector(at: record + cell.cellPlace + unit)
            let t = VectorMath.tanh(f * before + i * g)
            let dh = gradient(unit)
            let dc = Vector(at: cells + unit) + dh * o * (1 - t * t)
            (dc * f).store(at: cells + unit)
            let gates = (
                dc * g * (i * (1 - i)), dc * before * (f * (1 - f)), dc * i * (1 - g * g),
                dh * t * (o * (1 - o))
            )
            store(gates.0, 0, unit)
            store(gates.1, 1, unit)
            store(gates.2, 2, unit)
            store(gates.3, 3, unit)
            pack(gates.0, 0, unit)
            pack(gates.1, 1, unit)
            pack(gates.2, 2, unit)
            pack(gates.3, 3, unit)
        }
    }

    @inline(__always)
    func gru() {
        let (record, width) = (place.record, cell.paddedUnits)
        for unit in stride(from: 0, to: width, by: 16) {
            let (r, z) = (Vector(at: record + unit), Vector(at: record + width + unit))
            let (n, part) = (Vector(at: record + 2 * width + unit), Vector(at: record + 3 * width + unit))
            let before = Vector(at: record + cell.hiddenPlace + unit)
            let dh = gradient(unit)
            (dh * z).store(at: state + unit)
            let dn = dh * (1 - z) * (1 - n * n)
            let dz = dh * (before - n) * (z * (1 - z))
            let dr = dn * part * (r * (1 - r))
            store(dr, 0, unit)
            store(dz, 1, unit)
            store(dn, 2, unit)
            store(dn * r, 3, unit)
            pack(dr, 0, unit)
            pack(dz, 1, unit)
            pack(dn * r, 2, unit)
        }
    }
}
