import System

/// A `TensorProto`: numbers or strings.
enum BoardTensor {
    /// A number of rank 0. The type is float, because TensorBoard's usual loader passes over scalars of any
    /// other; the exact double stands beside it, where `tensor_proto.double_val` gives it back.
    case scalar(Double)
    /// Numbers as the bytes of the content.
    case doubles([Double], shape: [Int])
    case strings([[UInt8]], shape: [Int])

    /// `DataType`.
    private static let (float, double, string) = (1, 2, 7)

    var message: ProtobufMessage {
        var message = ProtobufMessage()
        switch self {
        case .scalar(let value):
            message.add(1, Self.float)
            message.add(2, Self.message([]))
            message.add(5, bytes: EventRecord.bytes(of: Float(value).bitPattern))
            message.add(6, bytes: EventRecord.bytes(of: value.bitPattern))
        case .doubles(let values, let shape):
            message.add(1, Self.double)
            message.add(2, Self.message(shape))
            message.add(4, bytes: values.flatMap { EventRecord.bytes(of: $0.bitPattern) })
        case .strings(let strings, let shape):
            message.add(1, Self.string)
            message.add(2, Self.message(shape))
            for string in strings { message.add(8, bytes: string) }
        }
        return message
    }

    /// A `TensorShapeProto`.
    private static func message(_ shape: [Int]) -> ProtobufMessage {
        var message = ProtobufMessage()
        for size in shape {
            var dimension = ProtobufMessage()
            dimension.add(1, size)
            message.add(2, dimension)
        }
        return message
    }

    /// Reads a `TensorProto`; nil if it is of another type.
    /// - Throws: `SystemError` if its elements do not fit its shape.
    init?(_ bytes: ArraySlice<UInt8>) throws {
        var (type, shape, content): (UInt64, [Int], ArraySlice<UInt8>) = (0, [], [])
        var (strings, doubles): ([[UInt8]], ArraySlice<UInt8>) = ([], [])
        var fields = ProtobufFields(bytes)
        while let field = try fields.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)): type = number
            case (2, .bytes(let message)): shape = try Self.shape(message)
            case (4, .bytes(let all)): content = all
            case (6, .bytes(let all)): doubles = all
            case (8, .bytes(let string)): strings.append(Array(string))
            default: break
            }
        }
        switch Int(exactly: type) {
        case Self.float:
            guard shape.isEmpty, doubles.count == 8 else { return nil }
            self = .scalar(Double(bitPattern: EventRecord.integer(doubles)))
        case Self.double:
            try Self.require(shape, content.count % 8 == 0 ? content.count / 8 : -1)
            self = .doubles(
                stride(from: 0, to: content.count, by: 8).map {
                    Double(bitPattern: EventRecord.integer(content.dropFirst($0).prefix(8)))
                }, shape: shape)
        case Self.string:
            try Self.require(shape, strings.count)
            self = .strings(strings, shape: shape)
        default: return nil
        }
    }

    private static func shape(_ message: ArraySlice<UInt8>) throws -> [Int] {
        var shape: [Int] = []
        var fields = ProtobufFields(message)
        while let field = try fields.next() {
            guard field.number == 2, case .bytes(let dimension) = field.value else { continue }
            var (size, parts) = (0, ProtobufFields(dimension))
            while let part = try parts.next() {
                if part.number == 1, case .varint(let number) = part.value {
                    size = Int(truncatingIfNeeded: number)
                }
            }
            shape.append(size)
        }
        return shape
    }

    private static func require(_ shape: [Int], _ count: Int) throws(SystemError) {
        var product = 1
        for size in shape {
            let (next, overflows) = product.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflows else {
                throw SystemError("a tensor has the impossible shape \(shape)")
            }
            product = next
        }
        guard product == count else {
            throw SystemError("a tensor of shape \(shape) has other elements than it needs")
        }
    }
}
