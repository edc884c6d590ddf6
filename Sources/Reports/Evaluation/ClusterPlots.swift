import Checkpoints
import Datasets
import Kernels
import System
import Training

/// The drawings of the clusters of k-means.
struct ClusterPlots {
    private let part: DataPart
    private let encoding: DataEncoding
    /// The centres `[clusters, features]` in the normalized space.
    private let centres: [Float]
    private let features: Int
    /// The cluster of each sample.
    private let clusters: [Int]
    private let distances: [Double]

    static let mostPoints = 2_000
    /// The most clusters with a colour of their own; the smaller ones share one.
    static let mostGroups = 12
    static let mostRows = 200

    /// - Parameters:
    ///   - answers: cluster and distance of each sample, as `MeasuredModel` gives them.
    ///   - centres: `[clusters, features]`.
    init(_ answers: [Float], centres: [Float], of part: DataPart, _ encoding: DataEncoding) {
        self.part = part
        self.encoding = encoding
        self.centres = centres
        features = part.dataset.sampleSize
        let count = answers.count / 2
        clusters = (0..<count).map { Int(answers[2 * $0]) }
        distances = (0..<count).map { Double(answers[2 * $0 + 1]) }
    }

    var plots: [Plot] { [scatter, sizes] + classes }

    private var clusterCount: Int { max(centres.count / max(1, features), (clusters.max() ?? -1) + 1) }

    private var counts: [Int] {
        var counts = [Int](repeating: 0, count: clusterCount)
        for cluster in clusters { counts[cluster] += 1 }
        return counts
    }

    // MARK: The scatter plot

    /// The two features in which the centres differ most, the first of equal ones; one if there is one.
    private var widest: [Int] {
        let count = centres.count / max(1, features)
        let spreads = (0..<features).map { feature -> Double in
            let values = (0..<count).map { Double(centres[$0 * features + feature]) }
            let mean = values.reduce(0, +) / Double(max(1, count))
            return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
        let order = spreads.indices.sorted { (spreads[$1], $0) < (spreads[$0], $1) }
        return order.prefix(2).sorted()
    }

    private var scatter: Plot {
        let places = Thinning.places(clusters.count, most: Self.mostPoints)
        let chosen = widest
        let (x, y) = (chosen.first ?? 0, chosen.last ?? 0)
        let values = FeatureValues(part.dataset, encoding)
        let rows = places.map { (cluster: clusters[$0], x: values.value($0, x), y: values.value($0, y)) }
        let counts = counts
        let largest = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
        let alone = largest.count > Self.mostGroups ? Array(largest.prefix(Self.mostGroups - 1)) : largest
        func series(_ name: String, _ isIn: (Int) -> Bool) -> Plot.Series {
            let own = rows.filter { isIn($0.cluster) }
            return Plot.Series(name, x: own.map(\.x), y: own.map(\.y), draw: .dots)
        }
        let groups =
            alone.sorted().map { cluster in series("cluster \(cluster)") { $0 == cluster } }
            + (alone.count < largest.count ? [series("other clusters") { !alone.contains($0) }] : [])
        let note =
            features > 2
            ? "The two of \(TextFormat.grouped(features)) features in which the centres differ most." : nil
        return Plot(
            .clusters, "Samples and their clusters", note: note,
            alt: "\(TextFormat.count(places.count, "sample")) in"
                + " \(TextFormat.count(counts.count { $0 > 0 }, "cluster")).",
            .scatter(x: Plot.Axis(values.name(x)), y: Plot.Axis(values.name(y)), groups))
    }

    // MARK: Tables

    private var sizes: Plot {
        let counts = counts
        var sums = [Double](repeating: 0, count: counts.count)
        for (cluster, distance) in zip(clusters, distances) { sums[cluster] += distance }
        let shown = counts.indices.prefix(Self.mostRows)
        let largest = counts.max() ?? 0
        return Plot(
            .clusters, "Clusters",
            note: "Distances are those to the centre, in the normalized space."
                + (shown.count < counts.count ? " The first \(shown.count)." : ""),
            alt: "The largest cluster has \(TextFormat.grouped(largest)) of"
                + " \(TextFormat.count(clusters.count, "sample")).",
            .table(
                [
                    Plot.Column("cluster"), Plot.Column("samples"), Plot.Column("share", unit: "%"),
                    Plot.Column("mean distance"),
                ],
                rows: shown.map { cluster in
                    [
                        .count(cluster), .count(counts[cluster]),
                        .number(100 * Double(counts[cluster]) / Double(max(1, clusters.count))),
                        .optional(counts[cluster] > 0 ? sums[cluster] / Double(counts[cluster]) : nil),
                    ]
                }))
    }

    /// The classes of each cluster's samples, for data that have any.
    private var classes: [Plot] {
        guard let names = part.dataset.classNames, names.count <= 50, clusterCount <= 100 else { return [] }
        var table = Array(repeating: [Int](repeating: 0, count: names.count), count: clusterCount)
        for (sample, cluster) in clusters.enumerated() {
            table[cluster][Int(part.dataset.labels[sample])] += 1
        }
        let pure = table.reduce(0) { $0 + ($1.max() ?? 0) }
        return [
            Plot(
                .clusters, "Classes in each cluster",
                alt: "\(TextFormat.grouped(pure)) of \(TextFormat.count(clusters.count, "sample")) are of the"
                    + " most frequent class of their cluster.",
                .table(
                    [Plot.Column("cluster")] + names.map { Plot.Column($0) },
                    rows: table.enumerated().map { [.count($0)] + $1.map { .count($0) } }))
        ]
    }
}

/// Single features of samples, in the unit of the data.
struct FeatureValues {
    private let dataset: Dataset
    private let encoding: DataEncoding
    private let names: [String]?
    private let none: Normalization

    init(_ dataset: Dataset, _ encoding: DataEncoding) {
        self.dataset = dataset
        self.encoding = encoding
        names = encoding.table?.featureNames
        none = Normalization(.none, of: dataset)
    }

    func value(_ sample: Int, _ feature: Int) -> Double {
        let offsets = encoding.featureOffsets
        var values = [Float](repeating: 0, count: dataset.sampleSize)
        dataset.gather([sample][...], normalization: none, into: &values)
        return Double(values[feature])
            + (offsets.isEmpty ? 0 : offsets[feature % offsets.count])
    }

    /// The table's name of a feature, or its place.
    func name(_ feature: Int) -> String {
        if let names, names.indices.contains(feature) { return names[feature] }
        let shape = dataset.sampleShape
        guard shape.count == 3 else { return "column \(feature)" }
        let pixel = feature / shape[2]
        return "pixel in row \(pixel / shape[1]), column \(pixel % shape[1])"
            + (shape[2] > 1 ? ", channel \(feature % shape[2])" : "")
    }
}
