import Datasets
import Jobs
import Training

/// The data of a run: those that are in memory, or those that its job names.
package enum ReportData: Sendable {
    case decoded(DecodedData)
    /// The data that `evaluate` would read.
    case job(DataSpec, DataEncoding)

    /// - Throws: `DatasetError` or `SystemError` if the data cannot be read.
    func part(_ name: DataPart.Name) throws -> DataPart? {
        switch self {
        case .job(let spec, let encoding): return try DataPart(name, of: spec, as: encoding)
        case .decoded(let data):
            let dataset =
                switch name {
                case .train: data.train as Dataset?
                case .validation: data.validation
                case .test: data.test
                }
            return dataset.map { DataPart($0) }
        }
    }
}
