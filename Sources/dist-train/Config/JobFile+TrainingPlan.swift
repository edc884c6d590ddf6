import Jobs
import Training

extension JobFile {
    /// Makes the plan of the job's training on its data.
    /// - Throws: a mistake with its place in the config, if the job does not fit the data.
    func trainingPlan(with data: DecodedData) throws -> TrainingPlan {
        do {
            return try TrainingPlan(completed(with: data).job, data.facts)
        } catch {
            throw describe(error)
        }
    }
}
