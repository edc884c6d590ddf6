import Kernels

/// Convolution (cross-correlation, as everywhere in the field): `y[n, i, j, o] = b[o] + Σ x[n, i·s + p − top, j·s + q − left, c] · W[(p, q, c), o]`.
///
/// x `[N, H, W, C]`, y `[N, H', W', out]`, W in memory `[kernel height · kernel width · C, out]`, in files PyTorch's `[out, C, height, width]`, b `[out]`.
/// With the patches P of x under the windows as rows, `y = PW + b`, `dW = Pᵀ dy`, `db = Σ dy`, and `dP = dy Wᵀ` is added to the pixels
/// that the patches came from. A 1×1 convolution multiplies x itself. `ConvolutionTiling` says in which pieces.
final class ConvolutionLayer: Layer, MomentsProducer {
    private let tiling: ConvolutionTiling
    private let geometry: WindowGeometry
    private let outputs: Int
    private let weight: Int
    private let bias: Int?
    /// The weight gradients of a microbatch's groups of images but the first, which is written to its place.
    private let partials: FloatBuffer
    private let partialStride: Int
    var moments: TileMoments?

    /// - Parameters weight, bias: where they begin in the flat vectors.
    init(_ geometry: WindowGeometry, outputs: Int, weight: Int, bias: Int?) {
        (self.geometry, self.outputs, self.weight, self.bias) = (geometry, outputs, weight, bias)
        tiling = ConvolutionTiling(geometry, outputs: outputs)
        partialStride = FlatVector.aligned(geometry.patchCount * outputs)
        partials = FloatBuffer(count: (tiling.mostGroups - 1) * partialStride)
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let w = pass.parameters + weight
        let b = bias.map { pass.parameters + $0 }
        let (size, k) = (tiling.imagesPerTile, geometry.patchCount)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            let tile = pass.rows.tile(task, of: size)
            let (x, y) = (input.row(tile.slot, tile.start), output.row(tile.slot, tile.start))
            tiling.forEachBlock(images: tile.count) { lines in
                let windows = lines.count * geometry.outputWidth
                let to = y + lines.lowerBound * geometry.outputWidth * outputs
                let (a, lda) = patches(x, lines, 0..<k, scratch: pass.scratch[lane])
                BLAS.multiply(
                    m: windows, n: outputs, k: k, a: a, lda: lda, b: w, ldb: outputs, c: to, ldc: outputs)
                if let b { Columns.addBias(b, to: to, rows: windows, columns: outputs) }
            }
            moments?.measure(tile, y, scratch: pass.scratch[lane].pointer)
        }
    }

    /// Columns of the patches of `lines`, and the distance between their rows.
    private func patches(
        _ x: UnsafePointer<Float>, _ lines: Range<Int>, _ columns: Range<Int>, scratch: FloatBuffer
    ) -> (UnsafePointer<Float>, Int) {
        if tiling.isDirect {
            return (
                x + lines.lowerBound * geometry.outputWidth * geometry.channels + columns.lowerBound,
                geometry.channels
            )
        }
        Patches.gather(x, geometry, lines: lines, columns: columns, into: scratch.pointer)
        return (UnsafePointer(scratch.pointer), columns.count)
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        if !pass.isFrozen { parameterGradients(input, outputGradient, pass) }
        if let inputGradient { dataGradient(outputGradient, inputGradient, pass.pass) }
    }

    // MARK: The input's gradient

    func dataGradient(_ outputGradient: SlotMatrix, _ inputGradient: SlotMatrix, _ pass: Pass) {
        let w = pass.parameters + weight
        let size = tiling.imagesPerTile
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            let tile = pass.rows.tile(task, of: size)
            let dy = outputGradient.row(tile.slot, tile.start)
            let dx = inputGradient.row(tile.slot, tile.start)
            if !tiling.isDirect { dx.update(repeating: 0, count: tile.count * geometry.inputCount) }
            tiling.forEachBlock(images: tile.count) { lines in
                let first = lines.lowerBound * geometry.outputWidth
                let to = tiling.isDirect ? dx + first * geometry.channels : pass.scratch[lane].pointer
                BLAS.multiply(
                    transposeB: true, m: lines.count * geometry.outputWidth, n: geometry.patchCount,
                    k: outputs, a: dy + first * outputs,
                    lda: outputs, b: w, ldb: outputs, c: to, ldc: geometry.patchCount)
                if !tiling.isDirect { Patches.scatterAdd(to, geometry, lines: lines, to: dx) }
            }
        }
    }

    // MARK: The parameters' gradients

    func parameterGradients(_ input: SlotMatrix, _ outputGradient: SlotMatrix, _ pass: TrainingPass) {
        for slot in 0..<pass.pass.rows.slots { weightGradient(slot, input, outputGradient, pass) }
    }

    private func weightGradient(
        _ slot: Int, _ input: SlotMatrix, _ outputGradient: SlotMatrix, _ pass: TrainingPass
    ) {
        let images = pass.pass.rows.rows[slot]
        let (groups, blocks) = (tiling.groups(images: images), tiling.weightBlocks)
        let leaf = pass.gradients.leaf(slot) + weight
        pass.pass.lanes.run(groups * blocks + (bias == nil ? 0 : 1)) { task, lane in
            let scratch = pass.pass.scratch[lane]
            if task == groups * blocks {
                if let bias {
                    BiasGradient.write(
                        slot, outputGradient, rows: images * geometry.positions, outputs: outputs, to: bias,
                        pass,
                        scratch: scratch.pointer)
                }
                return
            }
            let (group, block) = task.quotientAndRemainder(dividingBy: blocks)
            let range = tiling.group(group, images: images)
            let sum = group == 0 ? leaf : partials.pointer + (group - 1) * partialStride
            accumulate(
                input.row(slot, range.lowerBound), outputGradient.row(slot, range.lowerBound),
                images: range.count,
                rows: tiling.weightRows(block), into: sum, scratch: scratch)
            if groups == 1 { merge(slot, block, pass) }
        }
        guard groups > 1 else { return }
        pass.pass.lanes.run(blocks) { block, _ in
            let rows = tiling.weightRows(block)
            for group in 1..<groups {
                let partial = partials.pointer + (group - 1) * partialStride
                Elementwise.add(
                    partial + rows.lowerBound * outputs, to: leaf + rows.lowerBound * outputs,
                    count: rows.count * outputs)
            }
            merge(slot, block, pass)
        }
    }

    /// Rows of `Pᵀ dy` over some images.
    private func accumulate(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, rows: Range<Int>,
        into sum: UnsafeMutablePointer<Float>,
        scratch: FloatBuffer
    ) {
        let to = sum + rows.lowerBound * outputs
        if images == 0 { to.update(repeating: 0, count: rows.count * outputs) }
        tiling.forEachBlock(images: images) { lines in
            let first = lines.lowerBound * geometry.outputWidth
            let (a, lda) = patches(x, lines, rows, scratch: scratch)
            BLAS.multiply(
                transposeA: true, m: rows.count, n: outputs, k: lines.count * geometry.outputWidth, a: a,
                lda: lda,
                b: dy + first * outputs, ldb: outputs, beta: first == 0 ? 0 : 1, c: to, ldc: outputs)
        }
    }

    private func merge(_ slot: Int, _ block: Int, _ pass: TrainingPass) {
        let rows = tiling.weightRows(block)
        pass.gradients.merge(
            after: slot, start: weight + rows.lowerBound * outputs, count: rows.count * outputs)
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(_ geometry: WindowGeometry, outputs: Int) -> Int {
        max(
            ConvolutionTiling(geometry, outputs: outputs).patchFloats,
            BiasGradient.scratchCount(outputs: outputs))
    }
}
