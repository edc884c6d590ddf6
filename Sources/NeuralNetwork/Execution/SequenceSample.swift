/// One sample of a pass over sequences.
struct SequenceSample {
    let localMicrobatch: Int
    /// The sample's rows in its microbatch's matrix, and its number there.
    let rows: Range<Int>
    let number: Int
    /// Positions that were computed before; the first row is this position of the sample.
    let past: Int

    /// The positions of the rows.
    var positions: Range<Int> { past..<(past + rows.count) }
}

extension SequenceRows {
    /// Samples of all local microbatches.
    func sampleCount(_ samples: MicrobatchRows) -> Int { samples.rows.reduce(0, +) }

    /// The `index`-th sample of all local microbatches.
    func sample(_ index: Int, of samples: MicrobatchRows) -> SequenceSample {
        var number = index
        for (localMicrobatch, count) in samples.rows.enumerated() {
            if number < count {
                let offsets = offsets(localMicrobatch)
                return SequenceSample(
                    localMicrobatch: localMicrobatch, rows: offsets[number]..<offsets[number + 1],
                    number: number, past: past(localMicrobatch)[number])
            }
            number -= count
        }
        preconditionFailure("the local microbatches have fewer samples")
    }
}
