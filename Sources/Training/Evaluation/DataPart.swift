import Datasets
import Jobs

/// One set of a job's data, read in the form of an earlier training and without the job's other sets.
package struct DataPart: Sendable {
    package enum Name: String, CaseIterable, Sendable {
        case train
        case validation
        case test
    }

    package let dataset: Dataset
    /// The files of the samples, where each has its own.
    private let files: [String]?
    /// The number of each sample in its source, counted from 0; nil: all in order.
    private let numbers: [Int]?

    /// Reads a set as the training did: with its classes and its table's encoding. A set that was split off
    /// is split off again.
    /// - Throws: `DatasetError` or `SystemError`.
    package init?(_ name: Name, of spec: DataSpec, as encoding: DataEncoding) throws {
        let split = spec.split
        let (source, fraction) =
            switch name {
            case .train: (nil as DataSpec.Source?, 1 as Double?)
            case .validation: (spec.validation, split?.validation)
            case .test: (spec.test, split?.test)
            }
        if let source {
            try self.init(source, as: encoding)
        } else if let split, fraction != nil, case .text(let text) = spec.train {
            let parts = try DecodedData.read(text, divided: split, as: encoding)
            let part =
                switch name {
                case .train: parts.train as Dataset?
                case .validation: parts.validation
                case .test: parts.test
                }
            guard let part else { return nil }
            self.init(part)
        } else if let split, fraction != nil {
            try self.init(split, name, of: spec.train, as: encoding)
        } else if name == .train {
            try self.init(spec.train, isTraining: true, as: encoding)
        } else {
            return nil
        }
    }

    /// Reads a source as a whole.
    /// - Parameter isTraining: which part of a source that has two it is.
    /// - Throws: `DatasetError` or `SystemError`.
    package init(
        _ source: DataSpec.Source, isTraining: Bool = false, as encoding: DataEncoding
    ) throws {
        let read = try DecodedData.read(
            source, isTraining: isTraining, as: encoding)
        dataset = read.dataset
        files = read.files
        numbers = nil
    }

    private init(
        _ split: DataSplit, _ name: Name, of source: DataSpec.Source, as encoding: DataEncoding
    ) throws {
        let all = try DecodedData.read(source, isTraining: true, as: encoding)
        let parts = try split.parts(of: all.dataset)
        let chosen =
            switch name {
            case .train: parts.train
            case .validation: parts.validation
            case .test: parts.test
            }
        dataset = try all.dataset.selecting(chosen)
        files = all.files.map { files in chosen.map { files[$0] } }
        numbers = chosen
    }

    /// A set that has been read already.
    package init(_ dataset: Dataset) { self.init(dataset, files: nil, numbers: nil) }

    private init(_ dataset: Dataset, files: [String]?, numbers: [Int]?) {
        (self.dataset, self.files, self.numbers) = (dataset, files, numbers)
    }

    /// Some samples of the set, in this order.
    /// - Throws: `DatasetError` if the copy does not fit into memory.
    package func selecting(_ samples: [Int]) throws -> DataPart {
        DataPart(
            try dataset.selecting(samples), files: files.map { files in samples.map { files[$0] } },
            numbers: samples.map(number))
    }

    /// The number of a sample in its source, counted from 0.
    package func number(of sample: Int) -> Int { numbers?[sample] ?? sample }

    /// The file of a sample; nil where several share one.
    package func file(of sample: Int) -> String? { files?[sample] }

    package var hasFiles: Bool { files != nil }
}
