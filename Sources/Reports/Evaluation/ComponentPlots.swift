import System
import Training

/// The drawings of the principal components of data.
struct ComponentPlots {
    private let part: DataPart
    /// `[samples, components]`
    private let values: [Float]
    private let components: Int
    /// The share of the total variance of each component.
    private let ratios: [Double]

    static let mostPoints = 2_000
    static let mostGroups = 12

    init(_ values: [Float], components: Int, ratios: [Float], of part: DataPart) {
        self.part = part
        self.values = values
        self.components = components
        self.ratios = ratios.prefix(components).map(Double.init)
    }

    var plots: [Plot] { components > 0 ? [scatter, variance] : [] }

    private var scatter: Plot {
        let places = Thinning.places(values.count / components, most: Self.mostPoints)
        func coordinate(_ sample: Int, _ component: Int) -> Double {
            Double(values[sample * components + min(component, components - 1)])
        }
        let names = part.dataset.classNames ?? []
        let labels = part.dataset.labels
        func series(_ name: String, _ isIn: (Int) -> Bool) -> Plot.Series {
            let own = places.filter(isIn)
            return Plot.Series(
                name, x: own.map { coordinate($0, 0) }, y: own.map { coordinate($0, 1) }, draw: .dots)
        }
        let isGrouped = !names.isEmpty && names.count <= Self.mostGroups
        let groups =
            isGrouped
            ? names.indices.map { c in series(names[c]) { Int(labels[$0]) == c } }
            : [series("samples") { _ in true }]
        let both = ratios.prefix(2).reduce(0, +)
        return Plot(
            .clusters, "The first two components",
            alt: "The first two components have \(TextFormat.fixed(100 * both, 1)) % of the variance.",
            .scatter(
                x: Plot.Axis("component 0"), y: Plot.Axis("component \(min(1, components - 1))"), groups))
    }

    private var variance: Plot {
        let x = ratios.indices.map { Double($0) }
        var sum = 0.0
        let cumulative = ratios.map { ratio -> Double in
            sum += ratio
            return 100 * sum
        }
        return Plot(
            .clusters, "Explained variance",
            alt: "\(TextFormat.count(components, "component")) have"
                + " \(TextFormat.fixed(100 * ratios.reduce(0, +), 1)) % of the variance of the training set.",
            .lines(
                x: Plot.Axis("component"), y: Plot.Axis("share of the variance", unit: "%", 0...100),
                [
                    Plot.Series("each", x: x, y: ratios.map { 100 * $0 }, draw: .bars),
                    Plot.Series("together", x: x, y: cumulative),
                ]))
    }
}
