import Kernels

/// A random choice of the samples that become the validation set and the test set.
///
/// The part of a sample is a function of the seed, the number of samples and, if the split is stratified, the
/// classes. All parts keep the order of the samples.
package struct DataSplit: Equatable, Sendable {
    /// Fractions of the samples, above 0 and together below 1; nil: no such set.
    package var validation: Double?
    package var test: Double?
    /// Whether every class gives the same fraction of its samples.
    package var isStratified: Bool
    package var seed: UInt64

    package init(
        validation: Double? = nil, test: Double? = nil, isStratified: Bool = false, seed: UInt64
    ) {
        self.validation = validation
        self.test = test
        self.isStratified = isStratified
        self.seed = seed
    }

    /// The indices of the samples of each set, in rising order.
    package struct Parts: Equatable, Sendable {
        package var train: [Int]
        package var validation: [Int]
        package var test: [Int]
    }

    /// Divides the samples of a data set.
    /// - Throws: `DatasetError` if there are too few samples, or no classes for a stratified split.
    package func parts(of data: Dataset) throws -> Parts {
        try parts(count: data.count) {
            data.classNames.map { (Array(data.labels), $0.count) }
        }
    }

    /// Divides some samples.
    /// - Parameter classes: returns the class of each, and the number of classes; nil without classes.
    /// - Throws: `DatasetError` if there are too few samples, or no classes for a stratified split.
    func parts(count: Int, classes: () -> (labels: [Int32], count: Int)?) throws -> Parts {
        let sets = [validation, test].compactMap { $0 }.count
        guard count > sets else {
            throw DatasetError(
                count == 1
                    ? "a single sample cannot be split for training and validation; give more data"
                    : "\(count) samples cannot be split into \(sets + 1) sets; give more data")
        }
        guard isStratified else { return uniform(count) }
        guard let (labels, classes) = classes() else {
            throw DatasetError(
                "a stratified split needs classes, and the targets are values; leave out"
                    + " `data.split.stratify`")
        }
        return stratified(labels, classes: classes)
    }

    /// Rounds the sizes to whole samples, at least one each; one sample at least is left for training.
    private func sizes(_ count: Int) -> (validation: Int, test: Int) {
        func size(_ fraction: Double?, of most: Int) -> Int {
            fraction.map { min(most, max(1, Int((Double(count) * $0).rounded()))) } ?? 0
        }
        let tested = size(test, of: count - (validation == nil ? 1 : 2))
        return (size(validation, of: count - 1 - tested), tested)
    }

    private func uniform(_ count: Int) -> Parts {
        var stream = RandomStream(seed: seed, purpose: .split)
        let sizes = sizes(count)
        let order = stream.permutation(count)
        let rest = order[sizes.validation...]
        return Parts(
            train: rest.dropFirst(sizes.test).sorted(), validation: order[..<sizes.validation].sorted(),
            test: rest.prefix(sizes.test).sorted())
    }

    private func stratified(_ labels: [Int32], classes: Int) -> Parts {
        var stream = RandomStream(seed: seed, purpose: .split)
        var members = Array(repeating: [Int](), count: classes)
        for (index, label) in labels.enumerated() { members[Int(label)].append(index) }
        let sizes = sizes(labels.count)
        let counts = members.map(\.count)
        let tested = Self.shares(of: sizes.test, counts: counts, most: counts.map { max(0, $0 - 1) })
        let open = zip(counts, tested).map { max(0, $0 - 1 - $1) }
        let validated = Self.shares(of: sizes.validation, counts: counts, most: open)
        var parts = Parts(train: [], validation: [], test: [])
        for (index, samples) in members.enumerated() where !samples.isEmpty {
            let order = stream.permutation(samples.count).map { samples[$0] }
            let rest = order[validated[index]...]
            parts.validation += order[..<validated[index]]
            parts.test += rest.prefix(tested[index])
            parts.train += rest.dropFirst(tested[index])
        }
        return Parts(
            train: parts.train.sorted(), validation: parts.validation.sorted(), test: parts.test.sorted())
    }

    /// Shares out `total` samples among classes in proportion to their counts: whole parts first, then one
    /// each by the largest remainder, of equal ones the larger class. No class gives more than `most`.
    static func shares(of total: Int, counts: [Int], most: [Int]) -> [Int] {
        let sum = max(1, counts.reduce(0, +))
        var shares = zip(counts, most).map { min($1, $0 * total / sum) }
        while shares.reduce(0, +) < total {
            let open = shares.indices.filter { shares[$0] < most[$0] }
            func lack(_ index: Int) -> Int { counts[index] * total - shares[index] * sum }
            guard let next = open.max(by: { (lack($0), counts[$0], $1) < (lack($1), counts[$1], $0) }) else {
                break
            }
            shares[next] += 1
        }
        return shares
    }
}
