import Kernels
import Testing

@Suite struct CentresTests {
    /// Against doubles; and the same bits for a centre among many or alone.
    @Test(arguments: [1, 15, 16, 17, 64, 100]) func nearest(columns: Int) {
        let (rows, count) = (37, 11)
        let x = randomValues(rows * columns, seed: 1)
        let centres = randomValues(count * columns, seed: 2)
        var labels = [Int32](repeating: -1, count: rows)
        var distances = [Float](repeating: 0, count: rows)
        Centres.nearest(
            x.pointer, rows: rows, columns: columns, centres: centres.pointer, count: count, labels: &labels,
            distances: &distances)
        for r in 0..<rows {
            let exact = (0..<count).map { k in
                (0..<columns).reduce(0.0) {
                    let d = Double(x.pointer[r * columns + $1]) - Double(centres.pointer[k * columns + $1])
                    return $0 + d * d
                }
            }
            let alone = (0..<count).map {
                Centres.squaredDistance(
                    x.pointer + r * columns, centres.pointer + $0 * columns, count: columns)
            }
            let least = alone.indices.reduce(0) { alone[$1] < alone[$0] ? $1 : $0 }
            #expect(Int(labels[r]) == least)
            #expect(distances[r] == alone[least])
            #expect(abs(Double(distances[r]) - exact[least]) <= 1e-6 * exact[least] + 1e-12)
        }
    }

    @Test func tiesGoToTheFirst() {
        let x: [Float] = [0, 0]
        let centres: [Float] = [2, 0, 1, 0, 0, 1, -1, 0, 0, -1, 1, 0]
        var (label, distance) = (Int32(-1), Float(0))
        Centres.nearest(
            x, rows: 1, columns: 2, centres: centres, count: 6, labels: &label, distances: &distance)
        #expect(label == 1)
        #expect(distance == 1)
    }

    @Test func scatterBlocks() {
        let (columns, rows) = (150, 100)
        let scatter = Scatter(columns: columns)
        #expect(scatter.blocks == 2)
        let x = FloatBuffer(count: Scatter.chunkRows * columns)
        let values = randomValues(rows * columns, seed: 5)
        for i in 0..<(rows * columns) { x.pointer[i] = values.pointer[i] }
        let centre = [Float](repeating: 0.25, count: columns)
        scatter.centre(x.pointer, rows: rows, by: centre)
        let matrix = DoubleBuffer(count: columns * columns)
        let offset = [Double](repeating: 0, count: columns)
        let scratch = FloatBuffer(count: scatter.count(0))
        for block in 0..<scatter.blocks {
            let sums = DoubleBuffer(count: scatter.count(block))
            scatter.add(x.pointer, block: block, to: sums.pointer, scratch: scratch.pointer)
            scatter.expand(
                sums.pointer, block: block, factor: 0.5, samples: 0, offset: offset, into: matrix.pointer)
        }
        for i in 0..<columns {
            for j in 0..<columns {
                let exact = (0..<rows).reduce(0.0) {
                    $0 + (Double(values.pointer[$1 * columns + i]) - 0.25)
                        * (Double(values.pointer[$1 * columns + j]) - 0.25)
                }
                #expect(abs(matrix.pointer[i * columns + j] - exact / 2) < 1e-4)
            }
        }
    }
}
