import Pages
import Training

extension RunFacts.Model {
    /// The layers of a network, as `dist-train summary` lists them; nil for a job that trains none.
    package init?(_ plan: TrainingPlan) {
        guard plan.job.task == .training else { return nil }
        let frozen = Summary.frozenParameters(plan)
        let layout = plan.network.layout
        self.init(
            parameters: layout.parameterCount + layout.frozenParameterCount,
            rows: plan.network.layers.map { layer in
                Row(
                    name: layer.name, kind: layer.summary + (layer.isFrozen ? ", frozen" : ""),
                    output: "\(layer.output)", parameters: layer.parameters + frozen[layer.name, default: 0])
            })
    }
}
