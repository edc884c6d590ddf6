import Kernels

/// The exchange by which a layer gets a statistic of the whole global batch from all workers. An exchange is
/// a small vector of doubles per microbatch, combined over the fixed tree. Its number is the layer's, given
/// when the network is made.
package protocol StatisticsSynchronizer: AnyObject {
    /// The memory to which the layer writes the vector of a local microbatch.
    func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double>
    /// Combines the vectors of all microbatches of all workers. The result stays valid until the next step.
    ///
    /// - Throws: if the group has ended.
    func combine(_ exchange: Int) throws -> UnsafePointer<Double>
}
