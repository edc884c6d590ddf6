/// A sample of a recurrent pass: the memory of its positions, in their order.
package struct RecurrentSample {
    let length: Int
    let records: UnsafeMutablePointer<Float>
    let output: UnsafeMutablePointer<Float>
    let state: UnsafeMutablePointer<Float>?

    /// - Parameters:
    ///   - records: the record of the first position.
    ///   - output: in a forward pass the outputs, in a backward pass their gradients: a row of `units` floats
    ///     for each position, or one for the sample.
    ///   - state: the state with which a forward pass begins, and then that behind its last step:
    ///     `RecurrentCell.stateWidth` floats. Nil: it begins with zeros. All samples of a pass have one, or
    ///     none has.
    package init(
        length: Int, records: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>,
        state: UnsafeMutablePointer<Float>? = nil
    ) {
        (self.length, self.records, self.output, self.state) = (length, records, output, state)
    }
}

/// The samples of a pass, the longest first, so that those that still have positions come before the others.
/// Samples of one length stay in their order. The memory is made once, for the most samples and positions.
package final class RecurrentSamples {
    private let given: UnsafeMutableBufferPointer<RecurrentSample>
    private let sorted: UnsafeMutablePointer<RecurrentSample>
    /// The number of samples of each length; then the place of the next one of that length.
    private let places: UnsafeMutableBufferPointer<Int>
    private var count = 0

    package init(most samples: Int, length: Int) {
        given = .allocate(capacity: max(1, samples))
        sorted = .allocate(capacity: max(1, samples))
        places = .allocate(capacity: length + 1)
    }

    deinit {
        given.deallocate()
        sorted.deallocate()
        places.deallocate()
    }

    package func removeAll() { count = 0 }

    package func append(_ sample: RecurrentSample) {
        given[count] = sample
        count += 1
    }

    /// Sorts the samples, and deals them into groups of nearly equal work. No bit depends on the groups.
    package func groups(_ lanes: Int) -> RecurrentGroups {
        places.update(repeating: 0)
        for sample in given[..<count] { places[sample.length] += 1 }
        var next = 0
        for length in places.indices.reversed() {
            (places[length], next) = (next, next + places[length])
        }
        for sample in given[..<count] {
            sorted[places[sample.length]] = sample
            places[sample.length] += 1
        }
        let most = lanes * RecurrentGroup.mostSamples
        let rounds = max(1, (count + most - 1) / most)
        return RecurrentGroups(samples: sorted, total: count, count: min(rounds * lanes, max(1, count)))
    }
}

/// The groups of samples that lanes take, each for its whole time loop.
package struct RecurrentGroups {
    fileprivate let samples: UnsafePointer<RecurrentSample>
    fileprivate let total: Int
    package let count: Int

    package subscript(_ index: Int) -> RecurrentGroup {
        RecurrentGroup(
            samples: samples + index, stride: count, count: (total - index + count - 1) / count)
    }
}

/// Every `stride`-th of the sorted samples.
package struct RecurrentGroup {
    /// The most samples of a group: their gates stay in the second-level cache.
    package static let mostSamples = 64

    private let samples: UnsafePointer<RecurrentSample>
    private let stride: Int
    let count: Int

    fileprivate init(samples: UnsafePointer<RecurrentSample>, stride: Int, count: Int) {
        (self.samples, self.stride, self.count) = (samples, stride, count)
    }

    @inline(__always)
    subscript(_ index: Int) -> RecurrentSample { samples[index * stride] }

    /// The steps of the time loop.
    var steps: Int { count == 0 ? 0 : self[0].length }
}
