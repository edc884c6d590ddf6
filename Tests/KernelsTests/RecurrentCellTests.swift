import Kernels
import Testing

/// Recurrent cells against their definition in double precision, whose gradients are finite differences.
@Suite struct RecurrentCellTests {
    private static let kinds: [RecurrentCell.Kind] = [.tanh, .relu, .lstm, .gru]
    /// Samples of unequal lengths, one and none among them, in two microbatches.
    private static let lengths = [3, 1, 5, 0, 5, 2]

    /// Values of a cell on samples that lie one behind the other, and the sum Σ y·dy as its loss.
    private struct Example {
        let cell: RecurrentCell
        let outputs: RecurrentCell.Outputs
        let isReversed: Bool
        let areAll: Bool
        var lengths: [Int]
        var x: [Float]
        var dy: [Float]
        /// W_ih, W_hh, b_ih, b_hh
        var parameters: [[Float]]

        init(_ cell: RecurrentCell, isReversed: Bool, areAll: Bool, lengths: [Int]) {
            (self.cell, self.isReversed, self.areAll) = (cell, isReversed, areAll)
            outputs = RecurrentCell.Outputs(isReversed: isReversed, areAll: areAll)
            self.lengths = lengths
            let rows = lengths.reduce(0, +)
            func values(_ count: Int, _ seed: UInt64) -> [Float] {
                var random = RandomStream(seed: seed, purpose: .test)
                return (0..<count).map { _ in Float(0.4 * random.normal()) }
            }
            x = values(rows * cell.inputs, 1)
            dy = values((areAll ? rows : lengths.count) * cell.units, 2)
            parameters = [
                values(cell.inputs * cell.columns, 3), values(cell.units * cell.columns, 4),
                values(cell.columns, 5), values(cell.columns, 6),
            ]
        }

        /// The sample `s` alone.
        func sample(_ s: Int) -> Example {
            var one = self
            let (first, count) = (lengths[..<s].reduce(0, +), lengths[s])
            one.lengths = [count]
            one.x = Array(x[(first * cell.inputs)..<((first + count) * cell.inputs)])
            let outputs = areAll ? first..<(first + count) : s..<(s + 1)
            one.dy = Array(dy[(outputs.lowerBound * cell.units)..<(outputs.upperBound * cell.units)])
            return one
        }
    }

    /// The definition, in double.
    private static func outputs(_ e: Example, x: [Double], _ p: [[Double]]) -> [Double] {
        let (cell, units) = (e.cell, e.cell.units)
        var y = [Double](repeating: 0, count: e.dy.count)
        func sigmoid(_ v: Double) -> Double { 1 / (1 + ScalarMath.exp(-v)) }
        func tanh(_ v: Double) -> Double { 2 * sigmoid(2 * v) - 1 }
        func product(_ row: ArraySlice<Double>, _ w: [Double], _ b: [Double]) -> [Double] {
            var sums = b
            for (k, value) in row.enumerated() {
                for j in 0..<cell.columns { sums[j] += value * w[k * cell.columns + j] }
            }
            return sums
        }
        var first = 0
        for (s, length) in e.lengths.enumerated() {
            var (h, c) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units))
            for step in 0..<length {
                let position = first + (e.isReversed ? length - 1 - step : step)
                let row = x[(position * cell.inputs)..<((position + 1) * cell.inputs)]
                let (a, b) = (product(row, p[0], p[2]), product(h[...], p[1], p[3]))
                for u in 0..<units {
                    func gate(_ g: Int) -> Double { a[g * units + u] + b[g * units + u] }
                    switch cell.kind {
                    case .tanh: h[u] = tanh(gate(0))
                    case .relu: h[u] = max(0, gate(0))
                    case .lstm:
                        c[u] = sigmoid(gate(1)) * c[u] + sigmoid(gate(0)) * tanh(gate(2))
                        h[u] = sigmoid(gate(3)) * tanh(c[u])
                    case .gru:
                        let n = tanh(a[2 * units + u] + sigmoid(gate(0)) * b[2 * units + u])
                        h[u] = (1 - sigmoid(gate(1))) * n + sigmoid(gate(1)) * h[u]
                    }
                }
                let row2 = e.areAll ? position : s
                for u in 0..<units { y[row2 * units + u] = h[u] }
            }
            first += length
        }
        return y
    }

    private struct Result {
        var y: [Float] = []
        var dx: [Float] = []
        var parameters: [[Float]] = []
    }

    /// The kernels' values, with the samples dealt to `lanes` groups.
    private static func run(_ e: Example, lanes: Int) -> Result {
        let (cell, rows) = (e.cell, e.lengths.reduce(0, +))
        func buffer(_ values: [Float]) -> FloatBuffer {
            let buffer = FloatBuffer(count: values.count)
            for (i, value) in values.enumerated() { buffer.pointer[i] = value }
            return buffer
        }
        let p = e.parameters.map(buffer)
        let parameters = RecurrentCell.Parameters(
            inputWeight: p[0].pointer, hiddenWeight: p[1].pointer, inputBias: p[2].pointer,
            hiddenBias: p[3].pointer)
        let (x, dy, y) = (buffer(e.x), buffer(e.dy), buffer(e.dy.map { _ in .nan }))
        let records = buffer([Float](repeating: .nan, count: rows * cell.recordWidth))
        let memory = buffer(
            [Float](
                repeating: .nan,
                count: [
                    cell.inputScratchCount, cell.forwardScratchCount(samples: e.lengths.count),
                    cell.backwardScratchCount(samples: e.lengths.count), cell.inputGradientScratchCount,
                    cell.weightScratchCount, cell.biasSumsCount,
                ].max() ?? 0))
        let scratch = memory.pointer
        let forward = FloatBuffer(count: cell.forwardWeightsCount)
        cell.packForward(parameters, panels: 0..<cell.forwardPanels, into: forward.pointer)
        for first in stride(from: 0, to: rows, by: 128) {
            cell.multiplyInput(
                x.pointer + first * cell.inputs, rows: min(128, rows - first), forward.pointer,
                records: records.pointer + first * cell.recordWidth, scratch: scratch)
        }
        let samples = RecurrentSamples(most: e.lengths.count, length: e.lengths.max() ?? 0)
        func groups(_ output: FloatBuffer) -> RecurrentGroups {
            samples.removeAll()
            var first = 0
            for (s, length) in e.lengths.enumerated() {
                samples.append(
                    RecurrentSample(
                        length: length, records: records.pointer + first * cell.recordWidth,
                        output: output.pointer + (e.areAll ? first : s) * cell.units))
                first += length
            }
            return samples.groups(lanes)
        }
        let there = groups(y)
        for i in 0..<there.count { cell.forward(there[i], forward.pointer, e.outputs, scratch: scratch) }
        let backward = FloatBuffer(count: cell.backwardWeightsCount)
        cell.packBackward(parameters, panels: 0..<cell.backwardPanels, into: backward.pointer)
        let back = groups(dy)
        for i in 0..<back.count { cell.backward(back[i], backward.pointer, e.outputs, scratch: scratch) }
        let dx = FloatBuffer(count: e.x.count)
        let sums = DoubleBuffer(count: cell.biasSumsCount)
        for first in stride(from: 0, to: rows, by: 128) {
            let (count, some) = (min(128, rows - first), records.pointer + first * cell.recordWidth)
            cell.multiplyGradient(
                some, rows: count, backward.pointer, into: dx.pointer + first * cell.inputs, scratch: scratch)
            cell.addBiasGradients(some, rows: count, to: sums.pointer, scratch: scratch)
        }
        let gradients = p.map { FloatBuffer(count: $0.count) }
        for (side, gradient) in zip([RecurrentCell.Side.input, .hidden], gradients) {
            for first in stride(from: 0, to: cell.rows(side), by: RecurrentCell.weightRows) {
                cell.multiplyWeights(
                    side, first..<min(cell.rows(side), first + RecurrentCell.weightRows), input: x.pointer,
                    records: records.pointer, rows: rows, into: gradient.pointer + first * cell.columns,
                    scratch: scratch)
            }
        }
        cell.writeBiasGradient(.input, sums.pointer, into: gradients[2].pointer)
        cell.writeBiasGradient(.hidden, sums.pointer, into: gradients[3].pointer)
        return Result(
            y: Array(y.elements), dx: Array(dx.elements), parameters: gradients.map { Array($0.elements) })
    }

    private static func loss(_ e: Example, x: [Double], _ p: [[Double]]) -> Double {
        zip(outputs(e, x: x, p), e.dy).reduce(0) { $0 + $1.0 * Double($1.1) }
    }

    @Test(arguments: kinds, [(5, 7), (3, 16), (18, 20)])
    func valuesAndGradientsAreThoseOfTheDefinition(kind: RecurrentCell.Kind, size: (inputs: Int, units: Int))
    {
        for (isReversed, areAll) in [(false, true), (true, true), (false, false), (true, false)] {
            let e = Example(
                RecurrentCell(kind, inputs: size.inputs, units: size.units), isReversed: isReversed,
                areAll: areAll, lengths: Self.lengths)
            let (x, p) = (e.x.map(Double.init), e.parameters.map { $0.map(Double.init) })
            let found = Self.run(e, lanes: 2)
            var misses = Misses()
            for (i, value) in Self.outputs(e, x: x, p).enumerated() {
                misses.expect(abs(Double(found.y[i]) - value) < 2e-6 * max(1, abs(value)), at: i)
            }
            #expect(misses == .none, "outputs, reversed: \(isReversed), all: \(areAll)")
            /// The difference quotient of the loss along one value.
            func slope(_ loss: (Double) -> Double) -> Double { (loss(1e-5) - loss(-1e-5)) / 2e-5 }
            func isNear(_ found: Float, _ slope: Double) -> Bool {
                abs(Double(found) - slope) < 2e-5 * max(1, abs(slope))
            }
            var wrong = Misses()
            for i in stride(from: 0, to: x.count, by: 3) {
                let expected = slope {
                    var moved = x
                    moved[i] += $0
                    return Self.loss(e, x: moved, p)
                }
                wrong.expect(isNear(found.dx[i], expected), at: i)
            }
            #expect(wrong == .none, "dx, reversed: \(isReversed), all: \(areAll)")
            for (tensor, values) in p.enumerated() {
                var wrong = Misses()
                for i in stride(from: 0, to: values.count, by: values.count > 400 ? 11 : 1) {
                    let expected = slope {
                        var moved = p
                        moved[tensor][i] += $0
                        return Self.loss(e, x: x, moved)
                    }
                    wrong.expect(isNear(found.parameters[tensor][i], expected), at: i)
                }
                #expect(wrong == .none, "parameter \(tensor), reversed: \(isReversed), all: \(areAll)")
            }
        }
    }

    /// A sample's bits do not depend on the samples beside it.
    @Test(arguments: kinds)
    func bitsDoNotDependOnGroups(kind: RecurrentCell.Kind) {
        let lengths = (0..<40).map { 1 + $0 * 7 % 11 }
        let e = Example(
            RecurrentCell(kind, inputs: 19, units: 37), isReversed: true, areAll: true, lengths: lengths)
        let one = Self.run(e, lanes: 1)
        for lanes in [2, 3, 40] {
            let other = Self.run(e, lanes: lanes)
            #expect(one.y.map(\.bitPattern) == other.y.map(\.bitPattern))
            #expect(one.dx.map(\.bitPattern) == other.dx.map(\.bitPattern))
            #expect(
                one.parameters.map { $0.map(\.bitPattern) } == other.parameters.map { $0.map(\.bitPattern) })
        }
        var (y, dx) = ([Float](), [Float]())
        for s in lengths.indices {
            let alone = Self.run(e.sample(s), lanes: 1)
            y += alone.y
            dx += alone.dx
        }
        #expect(one.y.map(\.bitPattern) == y.map(\.bitPattern))
        #expect(one.dx.map(\.bitPattern) == dx.map(\.bitPattern))
    }

    /// A sequence that is computed piece by piece has the bits of the whole.
    @Test(arguments: kinds)
    func statesContinue(kind: RecurrentCell.Kind) {
        let e = Example(
            RecurrentCell(kind, inputs: 6, units: 21), isReversed: false, areAll: true, lengths: [7])
        let (cell, whole) = (e.cell, Self.run(e, lanes: 1))
        let p = e.parameters.map { values in
            let buffer = FloatBuffer(count: values.count)
            for (i, value) in values.enumerated() { buffer.pointer[i] = value }
            return buffer
        }
        let weights = FloatBuffer(count: cell.forwardWeightsCount)
        withExtendedLifetime(p) {
            let parameters = RecurrentCell.Parameters(
                inputWeight: p[0].pointer, hiddenWeight: p[1].pointer, inputBias: p[2].pointer,
                hiddenBias: p[3].pointer)
            cell.packForward(parameters, panels: 0..<cell.forwardPanels, into: weights.pointer)
        }
        let records = FloatBuffer(count: 7 * cell.recordWidth)
        let (state, y) = (FloatBuffer(count: cell.stateWidth), FloatBuffer(count: 7 * cell.units))
        let scratch = FloatBuffer(
            count: max(cell.inputScratchCount, cell.forwardScratchCount(samples: 1)))
        let samples = RecurrentSamples(most: 1, length: 7)
        for (first, count) in [(0, 1), (1, 4), (5, 2)] {
            e.x.withUnsafeBufferPointer { x in
                guard let x = x.baseAddress else { return }
                cell.multiplyInput(
                    x + first * cell.inputs, rows: count, weights.pointer, records: records.pointer,
                    scratch: scratch.pointer)
            }
            samples.removeAll()
            samples.append(
                RecurrentSample(
                    length: count, records: records.pointer, output: y.pointer + first * cell.units,
                    state: state.pointer))
            cell.forward(samples.groups(1)[0], weights.pointer, e.outputs, scratch: scratch.pointer)
        }
        #expect(y.elements.map(\.bitPattern) == whole.y.map(\.bitPattern))
    }

    /// Microbatches of many positions: the weights' gradients are one sum over them.
    @Test func sumsRunOverAllPositions() {
        let e = Example(
            RecurrentCell(.gru, inputs: 9, units: 6), isReversed: false, areAll: true,
            lengths: [150, 130, 20])
        let (x, p) = (e.x.map(Double.init), e.parameters.map { $0.map(Double.init) })
        let found = Self.run(e, lanes: 2)
        for tensor in 0..<4 {
            for i in [0, p[tensor].count / 2, p[tensor].count - 1] {
                func loss(_ move: Double) -> Double {
                    var moved = p
                    moved[tensor][i] += move
                    return Self.loss(e, x: x, moved)
                }
                let expected = (loss(1e-5) - loss(-1e-5)) / 2e-5
                #expect(abs(Double(found.parameters[tensor][i]) - expected) < 1e-4 * max(1, abs(expected)))
            }
        }
    }

    /// More samples than one group takes.
    @Test func groupsAreNearlyEqual() {
        let samples = RecurrentSamples(most: 200, length: 3)
        let memory = FloatBuffer(count: 16)
        for i in 0..<200 {
            samples.append(RecurrentSample(length: i % 4, records: memory.pointer, output: memory.pointer))
        }
        #expect(samples.groups(1).count == 4)
        #expect(samples.groups(3).count == 6)
        samples.removeAll()
        #expect(samples.groups(2).count == 1)
    }
}
