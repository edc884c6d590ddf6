import Kernels

/// The shapes of a k-means job: what it keeps, and the vectors that its steps exchange.
struct KMeansLayout {
    let clusters: Int
    let features: Int
    /// 0 for data without classes.
    let classes: Int
    /// Leaves of the reduction tree.
    let leaves: Int
    /// Candidates for each centre of the seeding.
    let trials: Int

    static let centroids = "centroids"
    static let counts = "counts"
    static let majorityClass = "majority_class"
    static let chosen = "centroids_chosen"

    /// - `centroids` [K, D], in the normalised space
    /// - `counts` [K]: samples nearest to each, as the last iteration found them
    /// - `majority_class` [K], for data with classes: the most frequent one of these samples, −1 for none
    /// - `centroids_chosen` [1]: how many of the centres have been chosen
    var statistics: [(name: String, shape: [Int], initial: Float)] {
        [(Self.centroids, [clusters, features], 0), (Self.counts, [clusters], 0), (Self.chosen, [1], 0)]
            + (classes > 0 ? [(Self.majorityClass, [clusters], -1)] : [])
    }

    /// How many centres `centroids_chosen` says there are; of a damaged file's word no more than there can be.
    static func chosenCount(_ value: Float, of clusters: Int) -> Int {
        value > 0 ? Int(min(value, Float(clusters))) : 0
    }

    /// Places in an iteration's vector.
    struct Sums {
        let features: Int
        let clusters: Int
        let classes: Int
        let leaves: Int

        /// `[clusters, features]` from 0.
        var sampleCounts: Int { clusters * features }
        /// `[clusters, classes]`
        var classCounts: Int { sampleCounts + clusters }
        /// `[leaves, 3]`: each leaf's farthest sample: squared distance, index, cluster.
        var farthest: Int { classCounts + clusters * classes }
        var count: Int { farthest + 3 * leaves }
    }

    var sums: Sums { Sums(features: features, clusters: clusters, classes: classes, leaves: leaves) }

    /// The exchanges by number.
    enum Exchange {
        /// `Sums`
        static let iteration = 0
        /// `[leaves]`: the squared distances of each leaf's samples to their nearest centres, summed.
        static let potentials = 1
        /// `[trials]`: the candidates' indices.
        static let candidates = 2
        /// `[trials]`: the sum that each candidate would leave.
        static let outcomes = 3
    }

    var exchanges: [StatisticsOperation] {
        [.sum(width: sums.count), .sum(width: leaves), .sum(width: trials), .sum(width: trials)]
    }
}
