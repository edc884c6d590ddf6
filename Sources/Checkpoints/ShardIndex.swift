import Configuration
import System

/// The index of a model in several files, `model.safetensors.index.json`, as Hugging Face writes it:
/// `{"metadata": {…}, "weight_map": {"a.weight": "model-00001-of-00002.safetensors", …}}`.
package struct ShardIndex: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let tensor: String
        /// The name of a file beside the index.
        package let file: String
    }

    package let entries: [Entry]

    private static let limits = JSON5.Limits(bytes: SafeTensors.largestHeader, depth: 8, values: 4_000_000)

    /// - Parameter path: what messages name.
    /// - Throws: `CheckpointError` if it is no index, or names files that are not beside it.
    package init(_ text: [UInt8], path: String) throws {
        let value = JSON5.parse(
            SourceFile(name: path, text: text), limits: Self.limits, diagnostics: Diagnostics())
        guard let members = value?["weight_map"]?.members, !members.isEmpty else {
            throw CheckpointError(
                "`\(path)` has no `weight_map`, which names the shard of each tensor; "
                    + "name the safetensors file itself")
        }
        entries = try members.map { member in
            guard case .string(let name) = member.value.kind, !name.isEmpty, Path.name(of: name) == name,
                name != "..", name != "."
            else { throw CheckpointError("`\(path)` does not name a file beside it for `\(member.key)`") }
            return Entry(tensor: member.key, file: name)
        }
    }
}
