/// A small job on made-up sequences of tokens: attention, a recurrent layer and dropout, 203 training
/// samples, so that the last batch of an epoch is ragged.
struct SequencesJob: ExactJob {
    var microbatches = 8
    var steps = 30
    var optimizer = "{adamw: {learning_rate: 3e-3, weight_decay: 0.1, weight_decay_on: \"matrices\"}}"
    var checkpointEvery = "\"epoch\""
    var more = ""

    var description: String { "sequences\(more.isEmpty ? "" : ", \(more)")" }

    var text: String {
        """
        {
          name: "sequences", seed: 5,
          data: {
            train: {made_up: {shape: [24], tokens: 32, samples: 203}},
            validation: {made_up: {shape: [24], tokens: 32, samples: 40}},
          },
          model: [
            {embedding: 32, width: 16, name: "table"}, {positions: {}}, {dropout: 0.2},
            {residual: [{layer_norm: true}, {attention: 2, name: "attend"}]}, {lstm: 12},
            {dense: 32, name: "head"},
          ],
          loss: "cross_entropy",
          optimizer: \(optimizer),
          batch: {size: 20, microbatches: \(microbatches)},
          epochs: 100, max_steps: \(steps),
          checkpoint: {every: \(checkpointEvery), keep: 100},
          logging: {every: 5},
          \(more)
        }
        """
    }
}
