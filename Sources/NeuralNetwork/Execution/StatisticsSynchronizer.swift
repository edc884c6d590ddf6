import Kernels

/// Through which a layer asks for a statistic of the whole global batch, wherever its microbatches are computed.
///
/// An exchange is a small vector of doubles per microbatch, combined over the fixed tree. Its number is the layer's, given when the network is made.
package protocol StatisticsSynchronizer: AnyObject {
    /// Where the layer writes the vector of the microbatch in `slot`.
    func leaf(_ exchange: Int, slot: Int) -> UnsafeMutablePointer<Double>
    /// Combines the vectors of all microbatches of all workers; what it returns stays valid until the next step.
    /// Throws when the group has ended.
    func combine(_ exchange: Int) throws -> UnsafePointer<Double>
}
