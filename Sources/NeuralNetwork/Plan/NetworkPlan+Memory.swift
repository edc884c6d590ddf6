import Kernels

extension NetworkPlan {
    /// Bytes of the values and gradients that a network for so many microbatches holds, as `MemoryPlan` lays them out, with what its layers remember besides.
    package func bytes(slots: Int, rows: Int, training: Bool) -> Int {
        let graph = NetworkGraph(self)
        let memory = MemoryPlan(
            self, graph, training ? BackwardPlan(self, graph) : nil, slots: slots, rows: rows)
        return 4 * memory.count
            + layers.reduce(0) { $0 + $1.rememberedBytes(slots: slots, rows: rows, training: training) }
    }
}

extension PlannedLayer {
    /// One byte for every value: which were dropped, or which gave a maximum.
    fileprivate func rememberedBytes(slots: Int, rows: Int, training: Bool) -> Int {
        switch (spec, places) {
        case (.pool(.maximum, _), .pool(let geometry)):
            training ? PoolLayer.winnerBytes(geometry, slots: slots, rows: rows) : 0
        case (.dropout, _), (.maxout, _): slots * rows * output.count
        default: 0
        }
    }
}
