import Kernels

/// Computes new centres from the sums of an iteration; every member gets the same ones.
///
/// Empty clusters, in order, take the samples that are farthest from their centres. Each leaf of the tree
/// offers its farthest sample; they are taken by descending distance, and of equals the earlier sample first.
/// A sample is skipped if it is the only one of its cluster or lies on its centre. If none is left, the
/// cluster keeps its centre. A sample that is taken leaves its cluster's sum.
struct KMeansUpdate {
    private let layout: KMeansLayout
    private let sums: UnsafePointer<Double>
    private let reader: SampleReader

    init(_ layout: KMeansLayout, _ sums: UnsafePointer<Double>, _ reader: SampleReader) {
        self.layout = layout
        self.sums = sums
        self.reader = reader
    }

    private struct Candidate {
        let distance: Double
        let sample: Int
        let cluster: Int
    }

    /// Overwrites the centres. Returns the sum of their squared moves.
    func apply(to centroids: UnsafeMutablePointer<Float>) -> Double {
        let features = layout.features
        var counts = (0..<layout.clusters).map { sums[layout.sums.sampleCounts + $0] }
        let taken = relocations(&counts)
        var moved = 0.0
        for k in 0..<layout.clusters where counts[k] > 0 {
            let row = centroids + k * features
            for c in 0..<features {
                var sum = sums[k * features + c]
                for (cluster, empty, sample) in taken {
                    if cluster == k { sum -= Double(sample[c]) }
                    if empty == k { sum += Double(sample[c]) }
                }
                let centre = Float(sum / counts[k])
                let difference = Double(centre) - Double(row[c])
                moved += difference * difference
                row[c] = centre
            }
        }
        return moved
    }

    /// Moves samples to the empty clusters, and adapts `counts`.
    private func relocations(_ counts: inout [Double]) -> [(from: Int, to: Int, sample: [Float])] {
        let empty = counts.indices.filter { counts[$0] == 0 }
        if empty.isEmpty { return [] }
        let table = sums + layout.sums.farthest
        // The table came from other members, so impossible entries are skipped.
        var candidates = (0..<layout.leaves).compactMap { leaf -> Candidate? in
            guard let sample = Int(exactly: table[3 * leaf + 1]),
                let cluster = Int(exactly: table[3 * leaf + 2]),
                (0..<reader.count).contains(sample), counts.indices.contains(cluster)
            else { return nil }
            return Candidate(distance: table[3 * leaf], sample: sample, cluster: cluster)
        }
        candidates.sort { $0.distance != $1.distance ? $0.distance > $1.distance : $0.sample < $1.sample }
        var taken: [(from: Int, to: Int, sample: [Float])] = []
        var next = 0
        for k in empty {
            while next < candidates.count,
                candidates[next].distance <= 0 || counts[candidates[next].cluster] < 2
            { next += 1 }
            guard next < candidates.count else { break }
            let candidate = candidates[next]
            next += 1
            var sample = [Float](repeating: 0, count: layout.features)
            sample.withUnsafeMutableBufferPointer {
                if let to = $0.baseAddress {
                    reader.read(candidate.sample..<(candidate.sample + 1), into: to)
                }
            }
            counts[candidate.cluster] -= 1
            counts[k] += 1
            taken.append((candidate.cluster, k, sample))
        }
        return taken
    }
}
