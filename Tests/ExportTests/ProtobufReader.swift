/// A message of Protocol Buffers, read by the definition of its encoding
/// (https://protobuf.dev/programming-guides/encoding/).
struct ProtobufReader {
    enum Value: Equatable {
        case number(UInt64)
        case bytes([UInt8])
    }

    struct Damage: Error {}

    private(set) var fields: [(number: Int, value: Value)] = []

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        func varint() throws -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst(), shift < 64 {
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            throw Damage()
        }
        func take(_ count: Int) throws -> [UInt8] {
            guard count >= 0, count <= rest.count else { throw Damage() }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        while !rest.isEmpty {
            let key = try varint()
            let value: Value
            switch key & 7 {
            case 0: value = .number(try varint())
            case 1: value = .bytes(try take(8))
            case 2: value = .bytes(try take(Int(try varint())))
            case 5: value = .bytes(try take(4))
            default: throw Damage()
            }
            fields.append((Int(key >> 3), value))
        }
    }

    func all(_ number: Int) -> [Value] { fields.filter { $0.number == number }.map(\.value) }

    func numbers(_ number: Int) -> [Int] {
        all(number).compactMap {
            if case .number(let value) = $0 { Int(Int64(bitPattern: value)) } else { nil }
        }
    }

    func bytes(_ number: Int) -> [[UInt8]] {
        all(number).compactMap { if case .bytes(let value) = $0 { value } else { nil } }
    }

    /// The texts of a field.
    /// - Throws: `Damage` if one is not UTF-8.
    func texts(_ number: Int) throws -> [String] {
        try bytes(number).map {
            guard let text = String(validating: $0, as: UTF8.self) else { throw Damage() }
            return text
        }
    }

    func messages(_ number: Int) throws -> [ProtobufReader] {
        try bytes(number).map { try ProtobufReader($0) }
    }
}
