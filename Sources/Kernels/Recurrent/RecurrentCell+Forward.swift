import CKernels
import CSIMD

extension RecurrentCell {
    /// Positions whose products with the input are computed in one piece.
    package static let rowsPerProduct = 128

    /// Floats of scratch memory for `multiplyInput`.
    package var inputScratchCount: Int { Self.rowsPerProduct * 16 * PanelProduct.panels(width: inputs) }

    /// Writes `x W_ih + b` into the slots of at most `rowsPerProduct` records.
    package func multiplyInput(
        _ x: UnsafePointer<Float>, rows: Int, _ weights: UnsafePointer<Float>,
        records: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let run = PanelProduct.Rows(x, records, count: rows)
        withUnsafePointer(to: run) { run in
            let runs = UnsafeBufferPointer(start: run, count: 1)
            PanelProduct.pack(
                runs, width: inputs, panels: 0..<PanelProduct.panels(width: inputs), into: scratch)
            PanelProduct.multiply(
                PanelProduct.Packed(scratch, width: inputs), first: 0, runs, depth: inputs, .packed(weights),
                width: recordWidth, columns: 0..<gatesWidth, bias: slotBiases(weights), scratch: scratch)
        }
    }

    /// The outputs of a pass and the way through the positions.
    package struct Outputs: Sendable {
        let isReversed: Bool
        let areAll: Bool

        /// - Parameters:
        ///   - isReversed: from the last position to the first.
        ///   - areAll: an output for every position; otherwise that behind the last step alone.
        package init(isReversed: Bool, areAll: Bool) {
            (self.isReversed, self.areAll) = (isReversed, areAll)
        }
    }

    /// Floats of scratch memory for `forward` with a group of `samples`.
    package func forwardScratchCount(samples: Int) -> Int { samples * (gatesWidth + paddedUnits) }

    /// Computes the time loop of a group of samples, whose slots hold the products with the input: fills the
    /// records, and writes the outputs. A sample without positions has the output 0.
    package func forward(
        _ group: RecurrentGroup, _ weights: UnsafePointer<Float>, _ outputs: Outputs,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (products, hidden) = (scratch, scratch + group.count * gatesWidth)
        products.update(repeating: 0, count: group.count * gatesWidth)
        if !outputs.areAll { clearOutputs(group) }
        begin(group, outputs, hidden)
        var active = group.count
        for step in 0..<group.steps {
            while group[active - 1].length <= step { active -= 1 }
            if step > 0 || group[0].state != nil {
                PanelSteps.multiply(
                    hidden, stride: 16 * group.count, rows: active, hiddenWeights(weights), depth: units,
                    panels: forwardPanels, accumulates: false, into: products)
            }
            for r in 0..<active {
                let place = StepPlace(group[r], step, outputs, self)
                let values = StepValues(
                    cell: self, place: place, product: products + r * gatesWidth,
                    hidden: hidden + r * 16, hiddenStride: 16 * group.count)
                switch kind {
                case .tanh: values.elman { VectorMath.tanh($0) }
                case .relu: values.elman { csimd_max(.zero, $0) }
                case .lstm: values.lstm()
                case .gru: values.gru(bias: slotBiases(weights) + 3 * paddedUnits)
                }
            }
        }
    }

    /// Writes the states with which samples begin into their first records and into the left operand of the
    /// first product.
    private func begin(
        _ group: RecurrentGroup, _ outputs: Outputs, _ hidden: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<group.count where group[r].length > 0 {
            let record = StepPlace(group[r], 0, outputs, self).record + hiddenPlace
            guard let state = group[r].state else {
                record.update(repeating: 0, count: stateWidth)
                continue
            }
            record.update(from: state, count: stateWidth)
            for vector in 0..<vectors {
                Vector(at: state + 16 * vector).store(at: hidden + (vector * group.count + r) * 16)
            }
        }
    }

    private func clearOutputs(_ group: RecurrentGroup) {
        for r in 0..<group.count where group[r].length == 0 {
            group[r].output.update(repeating: 0, count: units)
        }
    }
}

/// Products of some rows with a packed matrix, all of whose panels fit in no cache but the second-level one.
enum PanelSteps {
    /// The depth that is multiplied at a time: a panel of it and its rows stay in the first-level cache.
    private static let depthBlock = 256

    /// Writes `C[rows, 16 · panels] = A · B`, or adds to C.
    static func multiply(
        _ a: UnsafePointer<Float>, stride: Int, rows: Int, _ b: UnsafePointer<Float>, depth: Int, panels: Int,
        accumulates: Bool, into c: UnsafeMutablePointer<Float>
    ) {
        for first in Swift.stride(from: 0, to: depth, by: depthBlock) {
            let count = min(depthBlock, depth - first)
            for panel in 0..<panels {
                ckernels_multiply_panels(
                    a + first / 16 * stride, stride, rows, b + (panel * depth + first) * 16, count,
                    accumulates || first > 0, c + panel * 16, panels * 16, 16)
            }
        }
    }
}

/// The memory of a sample's step.
struct StepPlace {
    let record: UnsafeMutablePointer<Float>
    /// The record of the next step; nil behind the last one.
    let next: UnsafeMutablePointer<Float>?
    /// The row of the output or of its gradient; nil if this step has none.
    let output: UnsafeMutablePointer<Float>?
    /// The memory for the state behind the last step; nil for the others, and if it is not kept.
    let state: UnsafeMutablePointer<Float>?

    @inline(__always)
    init(_ sample: RecurrentSample, _ step: Int, _ outputs: RecurrentCell.Outputs, _ cell: RecurrentCell) {
        let position = outputs.isReversed ? sample.length - 1 - step : step
        let isLast = step == sample.length - 1
        record = sample.records + position * cell.recordWidth
        next = isLast ? nil : record + (outputs.isReversed ? -cell.recordWidth : cell.recordWidth)
        output =
            outputs.areAll ? sample.output + position * cell.units : isLast ? sample.output : nil
        state = isLast ? sample.state : nil
    }
}

/// A forward step of one sample: from the products to the gates and the next state.
private struct StepValues {
    let cell: RecurrentCell
    let place: StepPlace
    /// `h W_hh`, a row.
    let product: UnsafePointer<Float>
    /// The sample's row of the next step's left operand, in panels.
    let hidden: UnsafeMutablePointer<Float>
    let hiddenStride: Int

    @inline(__always)
    func elman(_ function: (Vector) -> Vector) {
        let record = place.record
        for unit in stride(from: 0, to: cell.paddedUnits, by: 16) {
            let h = function(Vector(at: record + unit) + Vector(at: product + unit))
            h.store(at: record + unit)
            finish(h, unit)
        }
    }

    @inline(__always)
    func lstm() {
        let (record, width) = (place.record, cell.paddedUnits)
        let cells = record + cell.cellPlace
        for unit in stride(from: 0, to: width, by: 16) {
            @inline(__always)
            func sum(_ gate: Int) -> Vector {
                Vector(at: record + gate * width + unit) + Vector(at: product + gate * width + unit)
            }
            let (i, f) = (VectorMath.sigmoid(sum(0)), VectorMath.sigmoid(sum(1)))
            let (g, o) = (VectorMath.tanh(sum(2)), VectorMath.sigmoid(sum(3)))
            i.store(at: record + unit)
            f.store(at: record + width + unit)
            g.store(at: record + 2 * width + unit)
            o.store(at: record + 3 * width + unit)
            let c = f * Vector(at: cells + unit) + i * g
            if let next = place.next { c.store(at: next + cell.cellPlace + unit) }
            if let state = place.state { c.store(at: state + width + unit) }
            finish(o * VectorMath.tanh(c), unit)
        }
    }

    @inline(__always)
    func gru(bias: UnsafePointer<Float>) {
        let (record, width) = (place.record, cell.paddedUnits)
        for unit in stride(from: 0, to: width, by: 16) {
            let r = VectorMath.sigmoid(Vector(at: record + unit) + Vector(at: product + unit))
            let z = VectorMath.sigmoid(Vector(at: record + width + unit) + Vector(at: product + width + unit))
            let part = Vector(at: product + 2 * width + unit) + Vector(at: bias + unit)
            let n = VectorMath.tanh(Vector(at: record + 2 * width + unit) + r * part)
            r.store(at: record + unit)
            z.store(at: record + width + unit)
            n.store(at: record + 2 * width + unit)
            part.store(at: record + 3 * width + unit)
            let before = Vector(at: record + cell.hiddenPlace + unit)
            finish(n + z * (before - n), unit)
        }
    }

    /// Hands the new state on: to the output, the next step's record and its left operand.
    @inline(__always)
    private func finish(_ h: Vector, _ unit: Int) {
        if let next = place.next {
            h.store(at: next + cell.hiddenPlace + unit)
            h.store(at: hidden + unit / 16 * hiddenStride)
        }
        if let state = place.state { h.store(at: state + unit) }
        if let output = place.output { h.store(at: output + unit, count: min(16, cell.units - unit)) }
    }
}
