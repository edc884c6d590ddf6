import System

/// `state_sha256`, the hash of everything that training has made. It is the same for the same bits, and for
/// nothing else.
///
/// It is SHA-256 over these bytes, with all numbers as u64 little-endian:
///
///     "dist-train state 1\n"
///     for the model, then for the optimizer:
///         number of tensors, then each tensor in the order of its name's UTF-8 bytes:
///             length of the name, name, length of the type's name, type's name (F32, …),
///             rank, sizes, length of the bytes, bytes
package enum StateHash {
    /// 64 hexadecimal digits.
    package static func sha256(model: [NamedTensor], optimizer: [NamedTensor]) -> String {
        let hash = SHA256()
        hash.update("dist-train state 1\n")
        for group in [model, optimizer] {
            hash.update(littleEndian: UInt64(group.count))
            for tensor in group.sorted(by: { isOrderedBefore($0.name, $1.name) }) { hash.update(tensor) }
        }
        return hash.hexDigest()
    }
}

extension SHA256 {
    fileprivate func update(_ tensor: NamedTensor) {
        for text in [tensor.name, tensor.type.rawValue] {
            update(littleEndian: UInt64(text.utf8.count))
            update(text)
        }
        update(littleEndian: UInt64(tensor.shape.count))
        for size in tensor.shape { update(littleEndian: UInt64(size)) }
        update(littleEndian: UInt64(tensor.byteCount))
        tensor.withUnsafeBytes { update($0) }
    }
}
