import Kernels

/// A loss and its metrics at work on one network's output: writes each local microbatch's report and the
/// gradient of the summed loss.
///
/// Owned by one compute thread, like its network. A local microbatch's sums go over its tiles in order.
package final class Criterion {
    package let layout: ReportLayout
    private var loss: Loss { layout.loss }
    private let width: Int
    /// Ones, where samples have no weights.
    private let classWeights: FloatBuffer
    private let positiveWeights: FloatBuffer
    /// The report of every tile, which lanes write.
    private let partial: DoubleBuffer
    private let tops: [(k: Int, offset: Int)]
    /// A value near the targets of each output, for r2.
    package var center: [Float]

    package init(_ layout: ReportLayout, width: Int, tiles: Int) {
        (self.layout, self.width) = (layout, width)
        switch layout.loss.classWeights {
        case nil: classWeights = Self.buffer(Array(repeating: 1, count: layout.groups))
        case .values(let values): classWeights = Self.buffer(values)
        case .balanced: preconditionFailure("balanced class weights are numbers before a network is made")
        }
        let given = layout.loss.positiveWeights
        positiveWeights = Self.buffer(
            given.count == width ? given : Array(repeating: given.first ?? 1, count: width))
        partial = DoubleBuffer(count: max(1, tiles) * layout.width)
        tops = layout.metrics.compactMap { metric in
            guard case .top(let k) = metric else { return nil }
            return layout.offset(.top(k)).map { (k, $0) }
        }
        center = Array(repeating: 0, count: width)
    }

    private static func buffer(_ values: [Double]) -> FloatBuffer {
        let buffer = FloatBuffer(count: values.count)
        for (i, value) in values.enumerated() { buffer.pointer[i] = Float(value) }
        return buffer
    }

    /// Floats of scratch memory that a lane needs.
    static func scratchCount(width: Int) -> Int { 2 * FlatVector.aligned(width) + 16 }

    /// Writes each local microbatch's report into `reports(localMicrobatch)` and, unless it is nil, the
    /// gradient of the summed loss into `gradient`, which the optimizer divides by the samples of the global
    /// batch. `exchange` is the number of the loss's exchange. The gradient of a cross-entropy may be written
    /// over the output: a row's metrics come before its loss.
    func evaluate(
        output: MicrobatchMatrix, targets: BatchTargets, gradient: MicrobatchMatrix?, exchange: Int?,
        pass: ForwardPass,
        reports: (Int) -> UnsafeMutablePointer<Double>
    ) throws {
        let (tiles, count) = (pass.rows.tiles, layout.width)
        for localMicrobatch in 0..<pass.rows.localMicrobatches {
            reports(localMicrobatch).update(repeating: 0, count: count)
        }
        matchSequences(output, targets, pass, reports)
        pass.lanes.run(tiles.count) { task, lane in
            let tile = tiles[task]
            evaluate(
                Rows(
                    of: tile, output, targets, gradient: gradient, scratch: pass.scratch[lane].pointer),
                into: partial.pointer + task * count)
        }
        for (task, tile) in tiles.enumerated() {
            let report = reports(tile.localMicrobatch)
            for i in 0..<count { report[i] += partial.pointer[task * count + i] }
        }
        guard let gradient, let exchange, let synchronizer = pass.training?.synchronizer else { return }
        for localMicrobatch in 0..<pass.rows.localMicrobatches {
            let (leaf, report) = (
                synchronizer.leaf(exchange, localMicrobatch: localMicrobatch), reports(localMicrobatch)
            )
            leaf[0] = report[layout.offset(.weight) ?? 0]
            leaf[1] = report[layout.samplesOffset]
        }
        let sums = try synchronizer.combine(exchange)
        let factor = Float(loss.gradientFactor(sum: sums[0], samples: sums[1]))
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            LossKernels.scale(
                gradient.row(tile.localMicrobatch, tile.start), by: factor, count: tile.count * width)
        }
    }

    /// The loss of one row, for the search of a loss that is not finite.
    func loss(
        output: MicrobatchMatrix, targets: BatchTargets, localMicrobatch: Int, row: Int,
        scratch: UnsafeMutablePointer<Float>
    ) -> Double {
        let tile = Tile(localMicrobatch: localMicrobatch, start: row, count: 1)
        return lossAndWeight(Rows(of: tile, output, targets, gradient: nil, scratch: scratch)).loss
    }

    /// The rows of outputs, with their targets, that a lane computes in one piece.
    private struct Rows {
        let y: UnsafePointer<Float>
        let labels: UnsafePointer<Int32>
        let values: UnsafePointer<Float>?
        let dx: UnsafeMutablePointer<Float>?
        let count: Int
        let scratch: UnsafeMutablePointer<Float>
        let areClasses: Bool

        init(
            of tile: Tile, _ output: MicrobatchMatrix, _ targets: BatchTargets, gradient: MicrobatchMatrix?,
            scratch: UnsafeMutablePointer<Float>
        ) {
            y = UnsafePointer(output.row(tile.localMicrobatch, tile.start))
            labels = UnsafePointer(targets.labels(tile.localMicrobatch) + tile.start)
            values =
                targets.hasValues
                ? UnsafePointer(targets.values(tile.localMicrobatch) + tile.start * output.width) : nil
            dx = gradient.map { $0.row(tile.localMicrobatch, tile.start) }
            count = tile.count
            self.scratch = scratch
            areClasses = targets.areClasses
        }

        /// Rows that count: those without a label of their own, or with one that is not negative.
        var counted: Int { areClasses ? (0..<count).count { labels[$0] >= 0 } : count }

        /// The targets of losses that compare values.
        var t: UnsafePointer<Float> {
            guard let values else {
                preconditionFailure("this loss compares values, and the targets were made without")
            }
            return values
        }
    }

    private func evaluate(_ rows: Rows, into report: UnsafeMutablePointer<Double>) {
        report.update(repeating: 0, count: layout.width)
        countClasses(rows, report)
        measureValues(rows, report)
        let (loss, weight) = lossAndWeight(rows)
        report[0] = loss
        if let offset = layout.offset(.weight) { report[offset] = weight }
        report[layout.samplesOffset] = Double(rows.counted)
    }

    // MARK: The loss

    private func lossAndWeight(_ rows: Rows) -> (loss: Double, weight: Double) {
        let (y, count) = (rows.y, rows.count)
        switch loss.kind {
        case .crossEntropy: return crossEntropy(rows)
        case .binaryCrossEntropy: return binaryCrossEntropy(rows)
        case .meanSquaredError, .rootMeanSquaredError:
            return (
                LossKernels.squaredError(y, targets: rows.t, rows: count, columns: width, dx: rows.dx),
                Double(count)
            )
        case .meanAbsoluteError:
            return (
                LossKernels.absoluteError(y, targets: rows.t, rows: count, columns: width, dx: rows.dx),
                Double(count)
            )
        }
    }

    private func crossEntropy(_ rows: Rows) -> (loss: Double, weight: Double) {
        guard loss.isWeighted || loss.labelSmoothing > 0 else {
            let loss = LossKernels.crossEntropy(
                logits: rows.y, labels: rows.labels, rows: rows.count, columns: width, dx: rows.dx,
                scratch: rows.scratch)
            return (loss, Double(rows.counted))
        }
        return LossKernels.weightedCrossEntropy(
            logits: rows.y, labels: rows.labels, classWeights: classWeights.pointer,
            smoothing: Float(loss.labelSmoothing),
            rows: rows.count, columns: width, dx: rows.dx, scratch: rows.scratch)
    }

    private func binaryCrossEntropy(_ rows: Rows) -> (loss: Double, weight: Double) {
        func some(_ row: Int, _ count: Int) -> Double {
            LossKernels.binaryCrossEntropy(
                logits: rows.y + row * width, targets: rows.t + row * width,
                positiveWeights: positiveWeights.pointer, rows: count,
                columns: width, dx: rows.dx.map { $0 + row * width }, scratch: rows.scratch)
        }
        guard loss.isWeighted else { return (some(0, rows.count), Double(rows.count)) }
        var (sum, weights) = (0.0, 0.0)
        for row in 0..<rows.count {
            let weight = classWeights.pointer[Int(rows.labels[row])]
            sum += Double(weight) * some(row, 1)
            weights += Double(weight)
            if let dx = rows.dx { LossKernels.scale(dx + row * width, by: weight, count: width) }
        }
        return (sum, weights)
    }

    // MARK: Metrics of classes

    private func countClasses(_ rows: Rows, _ report: UnsafeMutablePointer<Double>) {
        let (correct, counts, confusion) = (
            layout.offset(.correct), layout.offset(.classCounts), layout.offset(.confusion)
        )
        guard correct != nil || counts != nil || confusion != nil || !tops.isEmpty else { return }
        for r in 0..<rows.count {
            let y = rows.y + r * width
            guard rows.areClasses else {
                countAnswers(y, rows.t + r * width, correct: correct, counts: counts, report)
                continue
            }
            let label = Int(rows.labels[r])
            if label < 0 { continue }
            let found =
                width == 1 && layout.groups == 2
                ? (y[0] > loss.threshold ? 1 : 0) : LossKernels.argmax(y, columns: width)
            if let correct, found == label { report[correct] += 1 }
            if let counts {
                if found == label { report[counts + 3 * label] += 1 }
                report[counts + 3 * found + 1] += 1
                report[counts + 3 * label + 2] += 1
            }
            if let confusion { report[confusion + label * layout.groups + found] += 1 }
            guard !tops.isEmpty else { continue }
            let rank = LossKernels.rank(of: label, in: y, columns: width)
            for top in tops where rank < top.k { report[top.offset] += 1 }
        }
    }

    /// Counts the sequences all of whose counted tokens are the most probable ones.
    private func matchSequences(
        _ output: MicrobatchMatrix, _ targets: BatchTargets, _ pass: ForwardPass,
        _ reports: (Int) -> UnsafeMutablePointer<Double>
    ) {
        guard let matches = layout.offset(.exactMatches), let all = layout.offset(.sequences),
            let sequences = pass.sequences
        else { return }
        pass.lanes.run(pass.rows.localMicrobatches) { localMicrobatch, _ in
            let (offsets, labels) = (sequences.offsets(localMicrobatch), targets.labels(localMicrobatch))
            let (report, positions) = (reports(localMicrobatch), pass.rows.rows[localMicrobatch])
            var sample = 0
            while offsets[sample] < positions {
                var (counted, right) = (0, 0)
                for row in offsets[sample]..<offsets[sample + 1] where labels[row] >= 0 {
                    let found = LossKernels.argmax(output.row(localMicrobatch, row), columns: width)
                    counted += 1
                    if found == Int(labels[row]) { right += 1 }
                }
                if counted > 0 {
                    report[all] += 1
                    if right == counted { report[matches] += 1 }
                }
                sample += 1
            }
        }
    }

    /// Targets that are yes or no, each for itself.
    private func countAnswers(
        _ y: UnsafePointer<Float>, _ t: UnsafePointer<Float>, correct: Int?, counts: Int?,
        _ report: UnsafeMutablePointer<Double>
    ) {
        var allRight = true
        for c in 0..<width {
            let (found, actual) = (y[c] > loss.threshold, t[c] > 0.5)
            if found != actual { allRight = false }
            guard let counts else { continue }
            if found && actual { report[counts + 3 * c] += 1 }
            if found { report[counts + 3 * c + 1] += 1 }
            if actual { report[counts + 3 * c + 2] += 1 }
        }
        if let correct, allRight { report[correct] += 1 }
    }

    // MARK: Metrics of values

    private func measureValues(_ rows: Rows, _ report: UnsafeMutablePointer<Double>) {
        let (squared, absolute, variation) = (
            layout.offset(.squaredError), layout.offset(.absoluteError), layout.offset(.variation)
        )
        guard squared != nil || absolute != nil || variation != nil else { return }
        for r in 0..<rows.count {
            let (y, t) = (prediction(rows.y + r * width, rows.scratch), rows.t + r * width)
            if let squared {
                report[squared] += LossKernels.squaredError(y, targets: t, rows: 1, columns: width, dx: nil)
            }
            if let absolute {
                report[absolute] += LossKernels.absoluteError(y, targets: t, rows: 1, columns: width, dx: nil)
            }
            guard let variation else { continue }
            for c in 0..<width {
                let (error, shifted) = (Double(y[c]) - Double(t[c]), Double(t[c]) - Double(center[c]))
                report[variation + 3 * c] += error * error
                report[variation + 3 * c + 1] += shifted
                report[variation + 3 * c + 2] += shifted * shifted
            }
        }
    }

    /// The network's prediction for one sample, as a value to compare with the target: the sigmoid of a
    /// logit.
    private func prediction(_ y: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>)
        -> UnsafePointer<Float>
    {
        guard loss.kind == .binaryCrossEntropy else { return y }
        let padded = FlatVector.aligned(width)
        scratch.update(from: y, count: width)
        for c in width..<padded { scratch[c] = 0 }
        VectorMath.sigmoid(scratch, into: scratch, count: padded)
        return UnsafePointer(scratch)
    }
}
