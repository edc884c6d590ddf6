import Checkpoints
import Cluster
import Configuration
import Runs
import System

// Targets for tensor files and the manifests of checkpoints.
extension FuzzTarget {
    static let safetensors = FuzzTarget("safetensors", longestInput: 4096) { input in
        let file = try InputFile(Array(input))
        let tensors = try SafeTensors(path: file.path)
        for tensor in tensors.tensors {
            try require(
                tensor.shape.reduce(tensor.type.byteCount, *) == tensor.byteCount,
                "`\(tensor.name)` has bytes of another shape")
            _ = (tensor.convertedFloats(), tensor.int64s())
        }
        let copy = try InputFile([])
        try SafeTensors.write(tensors.tensors, metadata: tensors.metadata, to: FileWriter(copy.path))
        let again = try SafeTensors(path: copy.path)
        try require(
            StateHash.sha256(model: again.tensors, optimizer: [])
                == StateHash.sha256(model: tensors.tensors, optimizer: [])
                && again.metadata == tensors.metadata, "written and read again they are other tensors")
    }

    /// The index of a model in several files, and tensors of the names in it: the names of other libraries
    /// are translated, or stay.
    static let shards = FuzzTarget("shards", longestInput: 4096) { input in
        let index = try ShardIndex(Array(input), path: "index")
        for entry in index.entries {
            try require(Path.name(of: entry.file) == entry.file, "`\(entry.file)` is not beside the index")
            for scheme in TensorNaming.known {
                guard let translation = scheme.translation(of: entry.tensor) else { continue }
                try require(
                    !translation.name.contains("#") || entry.tensor.contains("#"),
                    "`\(translation.name)` has an open place")
            }
        }
        let map = index.entries.map { ($0.tensor, ConfigValue.string($0.file)) }
        let written = ConfigValue.object([("weight_map", .object(map))]).compactJSON()
        try require(
            try ShardIndex(Array(written.utf8), path: "written") == index,
            "written and read again it is another index")
    }

    /// A checkpoint whose manifest is the input (with its checksum corrected where it is zeros), and the
    /// model in it.
    static let manifest = FuzzTarget("manifest", longestInput: 8192) { input in
        let directory = try ScratchDirectory(named: "dist-train-fuzz")
        for name in ["model.safetensors", "optimizer.safetensors"] {
            try writeWhole(emptyTensors, to: Path.join(directory.path, name))
        }
        try writeWhole(withChecksum(Array(input)), to: Path.join(directory.path, "manifest.json"))
        let checkpoint = try Checkpoint(path: directory.path)
        let state = try CheckpointState(checkpoint)
        let again =
            JSON5.parse(state.value.compactJSON(), name: "written", diagnostics: Diagnostics()) ?? .null
        try require(again == state.value, "written and read again it is another state")
        _ = try TrainedModel(checkpoint).plan()
    }

    /// A file without tensors, which the manifests of the corpus name twice.
    package static let emptyTensors: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8)

    /// Replaces the first 64 zeros of the text by its own checksum.
    private static func withChecksum(_ text: [UInt8]) -> [UInt8] {
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 64)
        guard let place = text.firstRange(of: zeros) else { return text }
        return text.replacing(
            zeros, with: Array(SHA256.hexDigest(of: text).utf8), maxReplacements: place.isEmpty ? 0 : 1)
    }

    private static func writeWhole(_ bytes: [UInt8], to path: String) throws {
        let writer = try FileWriter(path)
        try writer.write(bytes)
    }
}
