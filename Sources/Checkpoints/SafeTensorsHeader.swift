import Configuration

/// The JSON part of a safetensors file.
struct SafeTensorsHeader {
    struct Entry {
        let name: String
        let type: TensorType
        let shape: [Int]
        /// Relative to the start of the buffer that follows the header.
        let byteRange: Range<Int>
    }

    /// Sorted by their byte ranges.
    let entries: [Entry]
    let metadata: [String: String]

    private static let metadataKey = "__metadata__"
    private static let limits = JSON5.Limits(bytes: SafeTensors.largestHeader, depth: 8, values: 10_000_000)

    init(_ text: [UInt8], name: String) throws {
        guard text.first == UInt8(ascii: "{") else {
            throw SafeTensors.damaged(name, "its header does not start with `{`")
        }
        let diagnostics = Diagnostics()
        let value = JSON5.parse(
            SourceFile(name: name, text: text), limits: Self.limits, diagnostics: diagnostics)
        if let first = diagnostics.sorted.first {
            let location = first.range.map { " at byte \(8 + $0.offsets.lowerBound)" } ?? ""
            throw SafeTensors.damaged(name, "its header\(location): \(first.message)")
        }
        if let offset = StrictJSON.firstViolation(in: text) {
            throw SafeTensors.damaged(name, "its header is not JSON at byte \(8 + offset)")
        }
        guard let members = value?.members else {
            throw SafeTensors.damaged(name, "its header is not an object")
        }
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        for member in members {
            if member.key == Self.metadataKey {
                metadata = try Self.metadata(member.value, name: name)
            } else {
                entries.append(try Self.entry(member, name: name))
            }
        }
        self.entries = entries.sorted {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound)
                < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
        self.metadata = metadata
    }

    /// Checks that the tensors cover the buffer from its first byte to its last, each beginning where the one
    /// before it ends.
    func checkCoverage(bufferSize: Int, name: String) throws {
        var end = 0
        for entry in entries {
            guard entry.byteRange.lowerBound == end else {
                let fault = entry.byteRange.lowerBound > end ? "a hole precedes" : "another tensor overlaps"
                throw SafeTensors.damaged(name, "\(fault) the tensor `\(entry.name)`")
            }
            end = entry.byteRange.upperBound
        }
        guard end == bufferSize else {
            let fault = end > bufferSize ? "it is truncated" : "bytes follow the last tensor"
            throw SafeTensors.damaged(
                name, "its tensors take \(end) bytes, there are \(bufferSize): \(fault)")
        }
    }

    private static func metadata(_ value: ConfigValue, name: String) throws -> [String: String] {
        var metadata: [String: String] = [:]
        for member in value.members ?? [] {
            guard case .string(let text) = member.value.kind else {
                throw SafeTensors.damaged(name, "its metadata `\(member.key)` is not a string")
            }
            metadata[member.key] = text
        }
        guard value.members != nil else { throw SafeTensors.damaged(name, "its metadata are not an object") }
        return metadata
    }

    private static func entry(_ member: ConfigMember, name: String) throws -> Entry {
        func fault(_ text: String) -> CheckpointError {
            SafeTensors.damaged(name, "the tensor `\(member.key)` \(text)")
        }
        let keys = Set((member.value.members ?? []).map(\.key))
        guard keys == ["dtype", "shape", "data_offsets"] else {
            throw fault("needs dtype, shape and data_offsets, and nothing else")
        }
        guard case .string(let typeName)? = member.value["dtype"]?.kind else {
            throw fault("has a dtype that is not a string")
        }
        guard let type = TensorType(rawValue: typeName) else {
            throw fault(
                "has the type \(typeName); only"
                    + " \(TensorType.allCases.map(\.rawValue).joined(separator: ", ")) can be read"
            )
        }
        guard let shape = sizes(member.value["shape"]) else {
            throw fault("has a shape that is not a list of sizes")
        }
        guard let offsets = sizes(member.value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1]
        else {
            throw fault("has data_offsets that are not [begin, end)")
        }
        guard let size = product([type.byteCount] + shape) else {
            throw fault("has a shape that no memory holds")
        }
        guard size == offsets[1] - offsets[0] else {
            throw fault("takes \(size) bytes by its shape and \(offsets[1] - offsets[0]) by its data_offsets")
        }
        return Entry(name: member.key, type: type, shape: shape, byteRange: offsets[0]..<offsets[1])
    }

    private static func sizes(_ value: ConfigValue?) -> [Int]? {
        guard let elements = value?.elements else { return nil }
        var sizes: [Int] = []
        for element in elements {
            guard case .number(let number) = element.kind, let size = Int(number.literal), size >= 0 else {
                return nil
            }
            sizes.append(size)
        }
        return sizes
    }

    private static func product(_ factors: [Int]) -> Int? {
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            product = next
        }
        return product
    }

    /// The header of a file with these tensors in this order, padded to a multiple of 8 with its length.
    static func encoded(_ tensors: [NamedTensor], metadata: [String: String]) throws -> [UInt8] {
        var members: [(String, ConfigValue)] = []
        if !metadata.isEmpty {
            let sorted = metadata.sorted { isOrderedBefore($0.key, $1.key) }
            members.append((metadataKey, .object(sorted.map { ($0.key, .string($0.value)) })))
        }
        var names: Set<String> = [metadataKey]
        var begin = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw CheckpointError("two tensors are called `\(tensor.name)`; give layers different names")
            }
            let end = begin + tensor.byteCount
            let shape = ConfigValue.array(tensor.shape.map { .int($0) })
            members.append(
                (
                    tensor.name,
                    .object([
                        "dtype": .string(tensor.type.rawValue), "shape": shape,
                        "data_offsets": [.int(begin), .int(end)],
                    ])
                ))
            begin = end
        }
        var text = Array(ConfigValue.object(members).compactJSON().utf8)
        while !(8 + text.count).isMultiple(of: 8) { text.append(UInt8(ascii: " ")) }
        return text
    }
}
