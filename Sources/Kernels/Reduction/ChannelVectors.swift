/// The way in which loops that treat each channel alike read matrices `[rows, channels]` in whole vectors: a
/// function of the channels alone. Narrow rows are taken in groups that make whole vectors (16 channels: one
/// row, 24: two, 3: sixteen). An *element* is an index in such a group, and a channel has as many elements as
/// the group has rows. A wide row that is no multiple of 16 is a group by itself, and its last vector
/// overlaps the one before.
package struct ChannelVectors: Equatable, Sendable {
    private static let widest = 128

    package let channels: Int
    /// Rows of a group; a divisor of 16.
    let groupRows: Int
    /// Floats of a group.
    package let elements: Int

    package init(channels: Int) {
        self.channels = channels
        let isWhole = channels.isMultiple(of: 16) || channels > Self.widest
        groupRows = isWhole ? 1 : 16 >> min(4, channels.trailingZeroBitCount)
        elements = channels * groupRows
    }

    var vectors: Int { (elements + 15) / 16 }

    /// The first element of a vector.
    @inline(__always)
    func first(_ vector: Int) -> Int { min(16 * vector, elements - 16) }

    /// Whole groups in some rows, and the floats that are left.
    @inline(__always)
    func split(_ rows: Int) -> (groups: Int, rest: Int) {
        (rows / groupRows, rows % groupRows * channels)
    }

    /// Writes to every element its channel's value.
    package func spread(_ values: UnsafePointer<Float>, into elements: UnsafeMutablePointer<Float>) {
        for row in 0..<groupRows { (elements + row * channels).update(from: values, count: channels) }
    }
}

extension Vector {
    /// Loads the first `count` of 16 floats, and zeros for the others: nothing behind a row's end is read.
    @inline(__always)
    init(at pointer: UnsafePointer<Float>, count: Int) {
        if count == 16 {
            self.init(at: pointer)
        } else {
            self = .zero
            for i in 0..<count { self[i] = pointer[i] }
        }
    }

    @inline(__always)
    func store(at pointer: UnsafeMutablePointer<Float>, count: Int) {
        if count == 16 {
            store(at: pointer)
        } else {
            for i in 0..<count { pointer[i] = self[i] }
        }
    }
}

// MARK: - Loops

/// The body of a loop, for the `count` floats from `at` on, whose constants lie from `element` on. `count` is
/// 16 except at the end of a row or of the matrix. It is a type rather than a closure, because it must become
/// part of the loop.
protocol VectorStep {
    func callAsFunction(_ at: Int, _ element: Int, _ count: Int)
}

/// Two terms of a loop's sums, for the floats of a `VectorStep`.
protocol VectorTerms {
    func callAsFunction(_ at: Int, _ element: Int, _ count: Int) -> (Vector, Vector)
}

extension ChannelVectors {
    /// Calls the step for every vector of `rows` rows. Each float comes once.
    @inline(__always)
    func forEach(rows: Int, _ body: some VectorStep) {
        let (groups, rest) = split(rows)
        let (whole, tail) = (elements & ~15, elements % 16)
        var start = 0
        for _ in 0..<groups {
            var element = 0
            while element < whole {
                body(start + element, element, 16)
                element += 16
            }
            if tail > 0 { body(start + whole, whole, tail) }
            start += elements
        }
        var element = 0
        while element < rest {
            body(groups * elements + element, element, min(16, rest - element))
            element += 16
        }
    }

    /// Sums two terms for each element over the groups of `rows` rows, in a fixed order:
    /// `one[element] = Σ term.0`, `other[element] = Σ term.1`.
    @inline(__always)
    func sums(
        rows: Int, into one: UnsafeMutablePointer<Float>, _ other: UnsafeMutablePointer<Float>,
        _ term: some VectorTerms
    ) {
        let (groups, rest) = split(rows)
        var v = 0
        while v + 1 < vectors {
            let (left, right) = (first(v), first(v + 1))
            var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
            var at = 0
            for _ in 0..<groups {
                let (l, r) = (term(at + left, left, 16), term(at + right, right, 16))
                a += l.0
                b += l.1
                c += r.0
                d += r.1
                at += elements
            }
            a.store(at: one + left)
            b.store(at: other + left)
            c.store(at: one + right)
            d.store(at: other + right)
            v += 2
        }
        if v < vectors { sumsOfLast(groups, into: one, other, term) }
        var element = 0
        while element < rest {
            let count = min(16, rest - element)
            let (l, r) = term(groups * elements + element, element, count)
            (Vector(at: one + element, count: count) + l).store(at: one + element, count: count)
            (Vector(at: other + element, count: count) + r).store(at: other + element, count: count)
            element += 16
        }
    }

    /// Sums the last of an odd number of vectors: even and odd groups by themselves, then their sum.
    @inline(__always)
    private func sumsOfLast(
        _ groups: Int, into one: UnsafeMutablePointer<Float>, _ other: UnsafeMutablePointer<Float>,
        _ term: some VectorTerms
    ) {
        let element = first(vectors - 1)
        var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
        var at = element
        for _ in 0..<(groups / 2) {
            let (l, r) = (term(at, element, 16), term(at + elements, element, 16))
            a += l.0
            b += l.1
            c += r.0
            d += r.1
            at += 2 * elements
        }
        if groups & 1 == 1 {
            let l = term(at, element, 16)
            a += l.0
            b += l.1
        }
        (a + c).store(at: one + element)
        (b + d).store(at: other + element)
    }

    /// A channel's sum over its elements.
    @inline(__always)
    func sum(_ elements: UnsafePointer<Float>, of channel: Int) -> Double {
        var sum = Double(elements[channel])
        for row in 1..<groupRows { sum += Double(elements[row * channels + channel]) }
        return sum
    }
}
