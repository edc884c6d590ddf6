/// Clusters of samples, each near its centre (Lloyd 1982, https://doi.org/10.1109/TIT.1982.1056489).
package struct KMeansSpec: Equatable, Sendable {
    package enum Initialization: String, CaseIterable, Sendable {
        /// Each centre is a sample, drawn with a probability that grows with its squared distance to the
        /// centres so far; of several draws the best (Arthur and Vassilvitskii 2007,
        /// https://theory.stanford.edu/~sergei/papers/kMeansPP-soda.pdf).
        case kMeansPlusPlus = "k_means++"
        /// Samples drawn at random.
        case random
        /// The first samples of the training set.
        case first
    }

    package var clusters: Int
    package var initialization: Initialization
    /// The job ends when the sum of the centres' squared moves is at most this.
    package var tolerance: Double
    package var maxIterations: Int

    package init(
        clusters: Int, initialization: Initialization = .kMeansPlusPlus, tolerance: Double = 0,
        maxIterations: Int = 100
    ) {
        self.clusters = clusters
        self.initialization = initialization
        self.tolerance = tolerance
        self.maxIterations = maxIterations
    }

    /// Steps in which centres are chosen, one each, before the iterations.
    package var seedingSteps: Int { initialization == .kMeansPlusPlus ? clusters : 0 }

    /// Candidates for each centre, as many as scikit-learn tries: 2 + ⌊ln K⌋.
    package var trials: Int {
        var (trials, bound) = (2, 2.718281828459045)
        while Double(clusters) >= bound { (trials, bound) = (trials + 1, bound * 2.718281828459045) }
        return trials
    }
}

/// The directions in which samples vary most.
package struct PrincipalComponentsSpec: Equatable, Sendable {
    package enum Components: Equatable, Sendable {
        case count(Int)
        /// As few as explain more than this fraction of the variance.
        case variance(Double)
    }

    package var components: Components
    /// Writes besides the components those divided by the standard deviations, which give every component
    /// variance 1.
    package var whiten: Bool

    package init(components: Components, whiten: Bool = false) {
        self.components = components
        self.whiten = whiten
    }
}

extension Job {
    /// The computation of a job.
    package enum Task: Equatable, Sendable {
        /// A model, trained by gradient descent.
        case training
        case kMeans(KMeansSpec)
        case principalComponents(PrincipalComponentsSpec)
    }
}
