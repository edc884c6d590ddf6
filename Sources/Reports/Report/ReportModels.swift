import Checkpoints
import Runs
import Training

/// The models of a run directory: one, or the members of an ensemble. A run that has written no checkpoint
/// has none.
struct ReportModels {
    /// The best checkpoint of each member, or its newest.
    private(set) var all: [TrainedModel] = []
    /// The tensors of the first one's file.
    private(set) var tensors: SafeTensors?
    private(set) var plan: TrainingPlan?
    /// Why there are no models.
    private(set) var fault: String?

    /// No models: nothing is evaluated.
    init(none: Void) {}

    init(_ directory: String, overrides: [String]) {
        do {
            let checkpoints = try TrainedModel.checkpoints(at: directory) { _ in }
            tensors = checkpoints.first?.model
            all = try checkpoints.map { try TrainedModel($0, overrides: overrides) }
            plan = try all.first?.plan()
        } catch {
            all = []
            fault = "\(error)"
        }
    }
}
