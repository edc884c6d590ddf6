import Kernels
import NeuralNetwork

/// The shapes of a k-means job: its running statistics, and the vectors that its steps exchange.
struct KMeansLayout {
    let clusters: Int
    let features: Int
    /// The number of classes; 0 for data without classes.
    let classes: Int
    /// The number of leaves of the reduction tree.
    let leaves: Int
    /// The number of candidates for each centre of the seeding.
    let trials: Int

    static let centroids = "centroids"
    static let counts = "counts"
    static let majorityClass = "majority_class"
    static let chosen = "centroids_chosen"

    /// The running statistics:
    /// - `centroids` [K, D]: the centres, in the normalised space.
    /// - `counts` [K]: the number of samples nearest to each centre in the last iteration.
    /// - `majority_class` [K], for data with classes: the most frequent class of these samples, or −1.
    /// - `centroids_chosen` [1]: the number of centres that have been chosen.
    var statistics: [MeasuredStatistic] {
        [
            MeasuredStatistic(Self.centroids, [clusters, features], hasSampleAxis: true),
            MeasuredStatistic(Self.counts, [clusters]), MeasuredStatistic(Self.chosen, [1]),
        ] + (classes > 0 ? [MeasuredStatistic(Self.majorityClass, [clusters], initial: -1)] : [])
    }

    /// The number of centres that `centroids_chosen` names, limited to 0…clusters for damaged files.
    static func chosenCount(_ value: Float, of clusters: Int) -> Int {
        value > 0 ? Int(min(value, Float(clusters))) : 0
    }

    /// The layout of an iteration's vector. Each property is the offset of a part.
    struct Sums {
        let features: Int
        let clusters: Int
        let classes: Int
        let leaves: Int

        /// `[clusters]`, behind the sums `[clusters, features]` at offset 0.
        var sampleCounts: Int { clusters * features }
        /// `[clusters, classes]`
        var classCounts: Int { sampleCounts + clusters }
        /// `[leaves, 3]`: the sample of each leaf that is farthest from its centre, as squared distance,
        /// index, cluster.
        var farthest: Int { classCounts + clusters * classes }
        var count: Int { farthest + 3 * leaves }
    }

    var sums: Sums { Sums(features: features, clusters: clusters, classes: classes, leaves: leaves) }

    /// The numbers of the exchanges in a step.
    enum Exchange {
        /// The vector `Sums`.
        static let iteration = 0
        /// `[leaves]`: for each leaf, the sum of its samples' squared distances to their nearest centres.
        static let potentials = 1
        /// `[trials]`: the indices of the candidates.
        static let candidates = 2
        /// `[trials]`: the sum of squared distances with each candidate as a further centre.
        static let outcomes = 3
    }

    var exchanges: [StatisticsOperation] {
        [.sum(width: sums.count), .sum(width: leaves), .sum(width: trials), .sum(width: trials)]
    }
}
