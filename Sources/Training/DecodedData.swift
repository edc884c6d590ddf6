import Datasets

/// A job's data, decoded once by the coordinator; workers get the same bytes.
package struct DecodedData: Sendable {
    package let train: Dataset
    package let validation: Dataset?
    package let test: Dataset?
    package let normalization: Normalization

    package init(train: Dataset, validation: Dataset?, test: Dataset?, normalization: Normalization) {
        (self.train, self.validation, self.test, self.normalization) = (train, validation, test, normalization)
    }

    /// Reads and decodes what the job names.
    package init(reading spec: DataSpec) throws {
        var builtin: (train: Dataset, validation: Dataset)?
        func read(_ source: DataSpec.Source, classCount: Int?, isTraining: Bool) throws -> Dataset {
            switch source {
            case .digits:
                let digits = try builtin ?? Digits.load()
                builtin = digits
                return isTraining ? digits.train : digits.validation
            case .idx(let images, let labels):
                return try Dataset.idx(images: images, labels: labels, classCount: classCount)
            }
        }
        let train = try read(spec.train, classCount: nil, isTraining: true)
        let classes = train.classNames?.count
        func other(_ source: DataSpec.Source?, as name: String) throws -> Dataset? {
            guard let source else { return nil }
            let dataset = try read(source, classCount: classes, isTraining: false)
            try train.requireSameForm(of: dataset, named: name, as: "train")
            return dataset
        }
        self.init(
            train: train, validation: try other(spec.validation, as: "validation"), test: try other(spec.test, as: "test"),
            normalization: Normalization(spec.normalization, of: train))
    }

    package var facts: DataFacts {
        DataFacts(
            sampleShape: train.sampleShape, classCount: train.classNames?.count,
            targetWidth: train.classNames == nil ? train.form.targets.width : nil, trainCount: train.count,
            validationCount: validation?.count ?? 0, testCount: test?.count ?? 0)
    }
}
