import System

/// A file of named tensors in the safetensors format (https://github.com/huggingface/safetensors#format),
/// read through a memory map.
///
///     let weights = try SafeTensors(path: "model.safetensors")
///     weights["dense1.weight"]?.shape                      // [10, 64]
///     weights["dense1.weight"]?.floats()                   // a copy of its elements
///
/// The file has three parts: u64 little-endian N, N bytes of JSON (name → type, shape, byte range), and the
/// tensors' bytes without gaps.
package struct SafeTensors: Sendable {
    /// The tensors in the order of their bytes in the file.
    package let tensors: [NamedTensor]
    package let metadata: [String: String]

    /// Bytes of the largest header that is read.
    package static let largestHeader = 100_000_000

    /// Opens a file and checks everything but the tensors' values.
    /// - Throws: `CheckpointError` if the file is damaged.
    package init(_ file: MappedFile) throws {
        let name = "`\(file.path)`"
        let header = try SafeTensors.headerRange(file.bytes, name: name)
        let buffer = UnsafeRawBufferPointer(rebasing: file.bytes[header.upperBound...])
        let entries = try SafeTensorsHeader(Array(file.bytes[header]), name: name)
        try entries.checkCoverage(bufferSize: buffer.count, name: name)
        metadata = entries.metadata
        tensors = entries.entries.map { entry in
            NamedTensor(
                entry.name, entry.type, shape: entry.shape,
                bytes: UnsafeRawBufferPointer(rebasing: buffer[entry.byteRange]), owner: file)
        }
    }

    /// Opens the file at `path`.
    /// - Throws: `CheckpointError` or `SystemError`.
    package init(path: String) throws { try self.init(MappedFile(path)) }

    package subscript(name: String) -> NamedTensor? { tensors.first { $0.name == name } }

    private static func headerRange(_ bytes: UnsafeRawBufferPointer, name: String) throws -> Range<Int> {
        guard bytes.count >= 8 else {
            throw damaged(name, "it has \(bytes.count) bytes, a header takes at least 8")
        }
        let size = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard size <= UInt64(largestHeader) else {
            throw damaged(
                name,
                "its first 8 bytes claim a header of \(size) bytes, as no such file has; it is of another"
                    + " kind or damaged"
            )
        }
        guard 8 + Int(size) <= bytes.count else {
            throw damaged(name, "its header claims \(size) bytes, \(bytes.count - 8) follow: it is truncated")
        }
        return 8..<8 + Int(size)
    }

    static func damaged(_ name: String, _ fault: String) -> CheckpointError {
        CheckpointError(
            "\(name) is no valid safetensors file: \(fault); use another copy or an older checkpoint")
    }

    /// Writes `tensors` in the order that the format recommends: larger elements first, then by name. The
    /// header is padded, so that the buffer begins at a multiple of 8.
    /// - Throws: `CheckpointError` if two tensors have one name, or `SystemError`.
    package static func write(
        _ tensors: [NamedTensor], metadata: [String: String] = [:], to writer: FileWriter
    ) throws {
        let ordered = tensors.sorted { first, second in
            first.type.byteCount == second.type.byteCount
                ? isOrderedBefore(first.name, second.name) : first.type.byteCount > second.type.byteCount
        }
        let header = try SafeTensorsHeader.encoded(ordered, metadata: metadata)
        try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try writer.write($0) }
        try writer.write(header)
        for tensor in ordered { try tensor.withUnsafeBytes { try writer.write($0) } }
    }
}
