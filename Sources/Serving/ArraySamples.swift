/// Samples that are lists of numbers, as they are read from JSON: each a flat list, or lists as deep as the
/// shape. The channel of a grey image may be left out.
struct ArraySamples {
    private let form: SampleForm
    private let size: Int
    private(set) var samples = ServedSamples(features: [], count: 0)

    init(_ form: SampleForm) {
        self.form = form
        size = form.size
    }

    mutating func read(_ reader: inout JSONReader) throws(RequestFault) {
        guard samples.count < form.mostSamples else { throw form.tooMany() }
        var depth = 0
        while depth < 16, reader.take("[") { depth += 1 }
        let shape = form.shape
        switch depth {
        case 1: try list(&reader, [size], isOpen: true)
        case shape.count: try list(&reader, shape[...], isOpen: true)
        case shape.count - 1 where depth > 0 && shape.last == 1:
            try list(&reader, shape.dropLast(), isOpen: true)
        default:
            throw reader.fault(
                "inputs[\(samples.count)] is no list of \(size) numbers"
                    + (shape.count > 1 ? ", nor lists in lists of the shape \(shape)" : "") + "; send that")
        }
        samples.count += 1
    }

    /// Reads lists in lists.
    ///
    /// - Parameter isOpen: whether the brackets of this list and of the first ones in it have been read.
    private mutating func list(_ reader: inout JSONReader, _ shape: ArraySlice<Int>, isOpen: Bool)
        throws(RequestFault)
    {
        guard let wanted = shape.first else { return }
        if !isOpen { try reader.require("[", "of a list of \(wanted)") }
        var count = 0
        repeat {
            guard count < wanted else { throw wrongCount(reader, "more than \(wanted)", wanted) }
            if shape.count > 1 {
                try list(&reader, shape.dropFirst(), isOpen: isOpen && count == 0)
            } else {
                try value(&reader)
            }
            count += 1
        } while try reader.another(or: "]")
        guard count == wanted else { throw wrongCount(reader, "\(count)", wanted) }
    }

    /// The place of the next value within its sample.
    private var place: Int { samples.features.count - samples.count * size }

    private func wrongCount(_ reader: JSONReader, _ found: String, _ wanted: Int) -> RequestFault {
        reader.fault(
            "a list of inputs[\(samples.count)] has \(found) elements, expected \(wanted); send as many")
    }

    private mutating func value(_ reader: inout JSONReader) throws(RequestFault) {
        var number = try reader.double()
        if !form.offsets.isEmpty { number -= form.offsets[place % form.offsets.count] }
        let value = Float(number)
        guard value.isFinite else {
            throw reader.fault(
                "value \(place) of inputs[\(samples.count)] is too large; send a finite number")
        }
        samples.features.append(value)
    }
}
