/// The fixed geometry of the flat vectors (parameters, gradients, moments).
///
/// Every flat vector is 64 shards of equal size, a shard is whole blocks of 1,024 floats, and every tensor
/// starts at a multiple of 16 floats, so that elementwise loops need no scalar tail and no boundary depends
/// on who computes.
package enum FlatVector {
    /// Floats in a SIMD vector of the elementwise loops; tensors start at multiples of it.
    package static let alignment = 16
    /// Norms are summed over blocks of this many floats; shard and bucket boundaries are multiples of it.
    package static let blockSize = 1024
    /// Shards of a vector, whatever its length and the number of workers.
    package static let shardCount = 64

    package static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// Floats in one shard of a vector that holds `count` floats.
    package static func shardSize(for count: Int) -> Int {
        let blocks = (count + shardCount * blockSize - 1) / (shardCount * blockSize)
        return max(1, blocks) * blockSize
    }
}
