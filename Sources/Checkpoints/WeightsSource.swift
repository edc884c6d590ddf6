import System

/// The tensors behind a path that a config names as `weights`: a run directory, a checkpoint, a safetensors
/// file, or several that are the shards of one model.
///
/// Shards are what Hugging Face writes: `model-00001-of-00002.safetensors` and so on, with an index
/// `model.safetensors.index.json` that names the shard of each tensor. The path may be the index, or the
/// directory that holds it.
struct WeightsSource {
    /// The path that messages name.
    let path: String
    let tensors: [NamedTensor]

    /// - Throws: `CheckpointError`, which says what the file is if it is something else, or `SystemError`.
    init(path: String) throws {
        if Directory.isDirectory(path) {
            (self.path, tensors) = try Self.tensors(inDirectory: path)
            return
        }
        guard File.exists(path) else {
            throw CheckpointError(
                "there is no `\(path)`; `weights` names a safetensors file, a checkpoint or a run directory")
        }
        self.path = path
        if path.hasSuffix(".index.json") {
            tensors = try Self.shards(index: path)
        } else {
            if let other = try ForeignWeights(path: path) { throw other.error }
            tensors = try SafeTensors(path: path).tensors
        }
    }

    private static func tensors(inDirectory path: String) throws -> (String, [NamedTensor]) {
        if Directory.isDirectory(Path.join(path, "checkpoints")) {
            guard let checkpoint = try RunDirectory.checkpoints(of: path).bestOrNewest(reporting: { _ in })
            else {
                throw CheckpointError(
                    "the run directory `\(path)` has no valid checkpoint; name another one as `weights`")
            }
            return (checkpoint.path, checkpoint.model.tensors)
        }
        if File.exists(Path.join(path, Manifest.fileName)) {
            return (path, try Checkpoint(path: path).model.tensors)
        }
        let names = try Directory.list(path).sorted()
        if let index = names.first(where: { $0.hasSuffix(".safetensors.index.json") }) {
            return (path, try shards(index: Path.join(path, index)))
        }
        let files = names.filter { $0.hasSuffix(".safetensors") }
        guard files.count == 1 else {
            let found = files.isEmpty ? "holds none" : "holds \(files.count) without an index"
            throw CheckpointError(
                "`\(path)` is neither a run directory nor a checkpoint, and of safetensors files"
                    + " it \(found); name one file")
        }
        let file = Path.join(path, files[0])
        return (file, try WeightsSource(path: file).tensors)
    }

    /// Reads the shards that an index names. Each tensor is taken from its own shard.
    private static func shards(index path: String) throws -> [NamedTensor] {
        let index = try ShardIndex(File.read(path, limit: SafeTensors.largestHeader), path: path)
        var files: [String: SafeTensors] = [:]
        var tensors: [NamedTensor] = []
        for entry in index.entries {
            let shard = Path.join(Path.directory(of: path), entry.file)
            guard File.exists(shard) else {
                throw CheckpointError("`\(path)` names the shard `\(entry.file)`, which is not beside it")
            }
            if files[entry.file] == nil {
                if let other = try ForeignWeights(path: shard) { throw other.error }
                files[entry.file] = try SafeTensors(path: shard)
            }
            guard let tensor = files[entry.file]?[entry.tensor] else {
                throw CheckpointError(
                    "the shard `\(shard)` does not hold `\(entry.tensor)`, as its index says")
            }
            tensors.append(tensor)
        }
        return tensors
    }
}

/// A file that is no safetensors file: what its first bytes say it is, and what to do with it.
struct ForeignWeights {
    let error: CheckpointError

    /// Nil for a file that may be a safetensors file.
    init?(path: String) throws {
        let file = try MappedFile(path)
        defer { withExtendedLifetime(file) {} }
        let start = UnsafeRawBufferPointer(rebasing: file.bytes.prefix(FileKind.startLength))
        // The length of a header, then the header itself.
        if start.count > 8, start[8] == UInt8(ascii: "{"), start[5...7].allSatisfy({ $0 == 0 }) { return nil }
        guard let kind = FileKind(start: start), let (fault, cure) = Self.advice(kind, path) else {
            return nil
        }
        error = CheckpointError("`\(path)` is \(fault), not a safetensors file: \(cure)")
    }

    private static func advice(_ kind: FileKind, _ path: String) -> (String, String)? {
        let export = "write the tensors with save_file of the Python package safetensors"
        switch kind {
        case .empty, .zeros: return ("empty or full of zeros", "copy or download it again")
        case .gitLFSPointer: return ("a Git LFS pointer", "fetch the file itself with `git lfs pull`")
        case .gitAnnexPointer: return ("a git-annex pointer", "fetch the file itself with `git annex get`")
        case .zip where path.hasSuffix(".npz"): return ("an archive of NumPy arrays", export)
        case .zip: return ("a zip archive, as torch.save writes", conversion(of: path))
        case .pickle:
            return ("a pickled Python object, as torch.save wrote before version 1.6", conversion(of: path))
        case .hdf5: return ("an HDF5 file, as Keras writes", export)
        case .npy: return ("a NumPy array", export)
        case .matlab: return ("a MATLAB file", export)
        case .gguf: return ("a GGUF file", export)
        case .tensorFlowLite: return ("a TensorFlow Lite model", export)
        case .gzip: return ("compressed by gzip", "unpack it with gunzip")
        case .zstd: return ("compressed by zstd", "unpack it with zstd -d")
        case .tar: return ("a tar archive", "unpack it with tar -xf")
        case .xz: return ("compressed by xz", "unpack it with xz -d")
        case .bzip2: return ("compressed by bzip2", "unpack it with bunzip2")
        case .sevenZip: return ("a 7z archive", "unpack it with 7z x")
        case .parquet, .arrow, .sqlite, .officeBinary: return ("a table of another program", export)
        case .webPage, .markup:
            return ("a web page or XML", "download the file itself: the server sent a page instead")
        case .json:
            return ("JSON", "name the safetensors file, or an index whose name ends in .index.json")
        case .propertyList: return nil
        }
    }

    /// The command that makes a safetensors file of a file of torch.save.
    private static func conversion(of path: String) -> String {
        "convert it where PyTorch is installed: python3 -c \"import torch; from safetensors.torch import "
            + "save_file; s = torch.load('\(Path.name(of: path))', map_location='cpu', weights_only=True); "
            + "s = next((s[k] for k in ('state_dict', 'model_state_dict', 'model') if k in s), s); "
            + "save_file({k: v.clone() for k, v in s.items() if hasattr(v, 'clone')}, "
            + "'weights.safetensors')\""
    }
}
