import Kernels

extension NetworkPlan {
    /// Bytes of the values and gradients that a network for so many local microbatches holds, as `MemoryPlan`
    /// lays them out, and of what its layers remember besides.
    package func bytes(localMicrobatches: Int, rows: Int, training: Bool) -> Int {
        let graph = NetworkGraph(self)
        let memory = MemoryPlan(
            self, graph, training ? BackwardPlan(self, graph) : nil, localMicrobatches: localMicrobatches,
            rows: rows)
        let capacity = NetworkCapacity(
            microbatches: localMicrobatches, rows: rows, purpose: training ? .training : .evaluation)
        return 4 * memory.count + layers.reduce(0) { $0 + $1.plan.rememberedBytes(capacity) }
    }
}
