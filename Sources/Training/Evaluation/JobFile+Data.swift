import Datasets
import Jobs
import System

extension JobFile {
    /// Reads and decodes the data of the job. Its loss says whether a table's target is a class or a value.
    /// - Throws: `DatasetError` or `SystemError`. If a file or directory is not there, the error gives the
    ///   commands by which the config's comment says to get it.
    package func decodedData() throws -> DecodedData {
        do {
            return try DecodedData(reading: job)
        } catch {
            guard error is DatasetError || error is SystemError, let hint = hint(beside: "\(error)") else {
                throw error
            }
            throw DatasetError("\(error)\(hint)")
        }
    }

    private func hint(beside text: String) -> String? {
        guard job.data.paths.contains(where: { !File.exists($0) }), !text.contains("dist-train data get"),
            !preparation.isEmpty
        else { return nil }
        return "; the config says how to get the data:\n"
            + preparation.map { "  \($0)" }.joined(separator: "\n")
    }
}
