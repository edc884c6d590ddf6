/// Blocks of a few images instead of 128 rows: an image is as much work as many rows of a table.
extension MicrobatchRows {
    /// Tiles of `size` samples from each local microbatch's start, then the rest.
    func tileCount(of size: Int) -> Int {
        var count = 0
        for samples in rows { count += (samples + size - 1) / size }
        return count
    }

    func tile(_ index: Int, of size: Int) -> Tile {
        var index = index
        for (localMicrobatch, samples) in rows.enumerated() {
            let count = (samples + size - 1) / size
            if index < count {
                return Tile(
                    localMicrobatch: localMicrobatch, start: index * size,
                    count: min(size, samples - index * size))
            }
            index -= count
        }
        preconditionFailure("the localMicrobatches have fewer tiles")
    }

    /// Samples of `values` values each that make a task worth a lane.
    static func imagesPerTile(values: Int) -> Int { images(for: 1 << 14, each: values) }

    /// Images that make a task of about `target` units of work, from 1 to 128, if each image is `work` units.
    static func images(for target: Int, each work: Int) -> Int {
        min(Tile.rows, max(1, (target + work - 1) / max(1, work)))
    }

    /// Samples in a task of a loop over values. Such loops run over whole vectors: every tile but the last of
    /// a local microbatch is a multiple of 16 values.
    static func samplesPerVectorTile(width: Int) -> Int {
        let unit = 16 >> min(4, width.trailingZeroBitCount)
        return (images(for: 1 << 14, each: width) + unit - 1) / unit * unit
    }
}
