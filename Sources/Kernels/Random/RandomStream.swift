/// A stream of random numbers that is a pure function of what it is for: (seed, purpose, major, minor).
///
/// Counter layout of Philox4x32-10 (word 0 first), which must never change, as it decides bits:
///
///     key      word 0: seed, low 32 bits    word 1: seed, high 32 bits
///     counter  word 0: block                word 1: minor    word 2: major    word 3: purpose
///
/// Block b holds the stream's words 4b ... 4b+3. A `UInt32` takes one word; a `UInt64` two (the low half
/// first); `uniform` a `UInt64`; `normal` two `UInt64`; `below` a `UInt64`, and rarely more. A stream has 2³⁴
/// words; after them it starts over.
package struct RandomStream: Sendable {
    /// The purpose of a stream. The raw values are part of the counter: values are added, never changed.
    package enum Purpose: UInt32, Sendable {
        /// major: the index of the parameter tensor
        case initialization = 1
        /// major: epoch
        case sampleOrder = 2
        /// major: step, minor: layer; the element index counts over the global batch
        case dropout = 3
        /// major: epoch, minor: index of the sample in the data set
        case augmentation = 4
        /// A data set's split into training, validation and test
        case split = 5
        /// Made-up data of benchmarks and fingerprints
        case synthetic = 6
        /// For tests
        case test = 7
        /// A bootstrap's draws. major: resample
        case resampling = 8
        /// The shuffling of a column. major: column, minor: repeat
        case columnShuffle = 9
        /// A generated token. major: sequence, minor: position
        case generation = 10
        /// Dropout on attention probabilities. major: step, minor: layer; a block for each head of each
        /// sample of the global batch
        case attentionDropout = 11
    }

    private let key: SIMD2<UInt32>
    private let firstCounter: SIMD4<UInt32>
    /// The index of the next word in the stream.
    private var position: UInt64
    private var words = SIMD4<UInt32>()

    /// - Parameters:
    ///   - major, minor: usually (epoch or step, sample or layer), each below 2³².
    ///   - position: the index of the first word to draw.
    package init(seed: UInt64, purpose: Purpose, major: Int = 0, minor: Int = 0, position: UInt64 = 0) {
        precondition(major >= 0 && major >> 32 == 0, "a stream's major index has 32 bits")
        precondition(minor >= 0 && minor >> 32 == 0, "a stream's minor index has 32 bits")
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        firstCounter = SIMD4(
            0, UInt32(truncatingIfNeeded: minor), UInt32(truncatingIfNeeded: major), purpose.rawValue)
        self.position = position
        if position & 3 != 0 { words = block(position >> 2) }
    }

    /// The stream's words 4·index ... 4·index + 3, whatever has been drawn.
    package func block(_ index: UInt64) -> SIMD4<UInt32> {
        var counter = firstCounter
        counter[0] = UInt32(truncatingIfNeeded: index)
        return Philox.block(counter: counter, key: key)
    }

    package mutating func nextUInt32() -> UInt32 {
        let lane = Int(position & 3)
        if lane == 0 { words = block(position >> 2) }
        position &+= 1
        return words[lane]
    }

    package mutating func nextUInt64() -> UInt64 {
        let low = UInt64(nextUInt32())
        return UInt64(nextUInt32()) << 32 | low
    }

    /// Uniform in [0, 1): a multiple of 2⁻⁵³.
    package mutating func uniform() -> Double {
        Double(nextUInt64() >> 11) * 0x1p-53
    }

    /// Uniform between the bounds, the lower included. (Rounding may give the upper one in rare cases.)
    package mutating func uniform(in range: Range<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958; of its two numbers the cosine's, so that each
    /// draw is four words).
    package mutating func normal() -> Double {
        let radius = ScalarMath.sqrt(-2 * ScalarMath.log(1 - uniform()))
        return radius * ScalarMath.cos(2 * Double.pi * uniform())
    }

    /// An unbiased integer in 0..<bound (Lemire 2019, "Fast random integer generation in an interval").
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "there is no integer below 0 to draw")
        let bound = UInt64(bound)
        var product = nextUInt64().multipliedFullWidth(by: bound)
        if product.low < bound {
            // 2⁶⁴ mod bound: this number of low parts would occur once too often.
            let rejected = (0 &- bound) % bound
            while product.low < rejected { product = nextUInt64().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// The integers 0..<count in random order (Fisher and Yates, from the end).
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        var last = count - 1
        while last > 0 {
            order.swapAt(last, below(last + 1))
            last -= 1
        }
        return order
    }
}
