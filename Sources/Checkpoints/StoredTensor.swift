/// A tensor of a model as a file has it: in one piece, or in parts whose rows follow one another.
struct StoredTensor {
    /// In their order; nil for one that the file does not have.
    private var parts: [NamedTensor?]
    /// True if the file has the matrix `[inputs, outputs]`.
    private let isTransposed: Bool
    /// True if a model with fewer rows takes the first ones.
    private let mayBeCut: Bool

    /// A tensor that is stored as it is here.
    init(_ tensor: NamedTensor) {
        parts = [tensor]
        isTransposed = false
        mayBeCut = false
    }

    /// A tensor whose parts are to be added.
    init(_ translation: TensorNaming.Translation, _ transposes: Bool) {
        parts = Array(repeating: nil, count: translation.parts)
        isTransposed = translation.isTransposed && transposes
        mayBeCut = translation.mayBeCut
    }

    /// Adds a part; returns false if there is one in its place already.
    mutating func add(_ tensor: NamedTensor, part: Int) -> Bool {
        guard parts[part] == nil else { return false }
        parts[part] = tensor
        return true
    }

    /// The parts for people: `F32 [24, 72]`, or `q_proj.weight F32 [32, 32], …`.
    var summary: String {
        let found = parts.compactMap(\.self)
        if parts.count == 1 { return found.map { "\($0.type.rawValue) \($0.shape)" }.joined() }
        let list = found.map { "\($0.name) \($0.type.rawValue) \($0.shape)" }.joined(separator: ", ")
        return found.count < parts.count
            ? "\(found.count) of its \(parts.count) parts are in the file: \(list)" : list
    }

    /// The shape that the file should have for a tensor of the model.
    func expected(_ shape: [Int]) -> [Int] { isTransposed ? shape.reversed() : shape }

    /// The values of a tensor of the model; nil if the file has another shape or no floating-point numbers.
    func values(_ shape: [Int]) -> [Float]? {
        if parts.count == 1, let tensor = parts[0] { return values(of: tensor, shape) }
        var (values, rows): ([Float], Int) = ([], 0)
        for part in parts {
            guard let part, !isTransposed, !part.shape.isEmpty, part.shape.dropFirst() == shape.dropFirst(),
                let stored = part.convertedFloats()
            else { return nil }
            values += stored
            rows += part.shape[0]
        }
        return rows == shape.first ? values : nil
    }

    private func values(of tensor: NamedTensor, _ shape: [Int]) -> [Float]? {
        let isLonger =
            mayBeCut && tensor.shape.count == shape.count && tensor.shape.dropFirst() == shape.dropFirst()
            && (tensor.shape.first ?? 0) > (shape.first ?? 0)
        guard tensor.shape == expected(shape) || isLonger, let stored = tensor.convertedFloats() else {
            return nil
        }
        if isLonger { return Array(stored.prefix(shape.reduce(1, *))) }
        return isTransposed ? Self.transposed(stored, shape) : stored
    }

    /// The values of a matrix `[rows, columns]` that is stored as `[columns, rows]`.
    private static func transposed(_ stored: [Float], _ shape: [Int]) -> [Float] {
        guard shape.count == 2 else { return stored }
        let (rows, columns) = (shape[0], shape[1])
        return [Float](unsafeUninitializedCapacity: stored.count) { values, count in
            for row in 0..<rows {
                for column in 0..<columns { values[row * columns + column] = stored[column * rows + row] }
            }
            count = stored.count
        }
    }

    /// True if both are stored alike, with the same bits.
    func hasSameValues(as other: StoredTensor) -> Bool {
        guard parts.count == 1, other.parts.count == 1, let own = parts[0], let others = other.parts[0],
            own.type == others.type, own.shape == others.shape
        else { return false }
        return own.withUnsafeBytes { bytes in others.withUnsafeBytes { bytes.elementsEqual($0) } }
    }
}
