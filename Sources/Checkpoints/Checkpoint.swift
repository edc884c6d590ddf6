import Configuration
import System

/// A checkpoint that has been read and verified.
package struct Checkpoint: Sendable {
    package let path: String
    package let step: Int
    package let model: SafeTensors
    package let optimizer: SafeTensors
    /// Everything that training stores beside the tensors.
    package let state: ConfigValue

    package static let modelFile = "model.safetensors"
    static let optimizerFile = "optimizer.safetensors"

    /// Reads the checkpoint directory `path` and compares every file with its checksum.
    /// - Throws: `CheckpointError`, which names everything that is wrong.
    package init(path: String) throws {
        switch Checkpoint.examine(path) {
        case .success(let checkpoint): self = checkpoint
        case .failure(let problems):
            throw CheckpointError(
                "the checkpoint `\(path)` cannot be used: \(problems.list.joined(separator: "; "));"
                    + " use an older one or another copy"
            )
        }
    }

    /// Lists everything that is wrong with the checkpoint directory `path`, one clause for each fault. The
    /// list is empty if the checkpoint is valid.
    package static func problems(path: String) -> [String] {
        if case .failure(let problems) = examine(path) { problems.list } else { [] }
    }

    /// The hash of the tensors (see `StateHash`).
    package func stateSHA256() -> String {
        StateHash.sha256(model: model.tensors, optimizer: optimizer.tensors)
    }

    struct Problems: Error { let list: [String] }

    private static func examine(_ path: String) -> Result<Checkpoint, Problems> {
        let manifest: Manifest
        do {
            manifest = try readManifest(path)
        } catch {
            return .failure(Problems(list: ["\(error)"]))
        }
        var problems: [String] = []
        var files: [String: SafeTensors] = [:]
        for name in [modelFile, optimizerFile] where !manifest.files.contains(where: { $0.name == name }) {
            problems.append("its manifest does not name \(name)")
        }
        for entry in manifest.files {
            do {
                files[entry.name] = try read(entry, in: path)
            } catch {
                problems.append("\(error)")
            }
        }
        guard problems.isEmpty, let model = files[modelFile], let optimizer = files[optimizerFile] else {
            return .failure(Problems(list: problems))
        }
        return .success(
            Checkpoint(
                path: path, step: manifest.step, model: model, optimizer: optimizer, state: manifest.state))
    }

    private init(path: String, step: Int, model: SafeTensors, optimizer: SafeTensors, state: ConfigValue) {
        self.path = path
        self.step = step
        self.model = model
        self.optimizer = optimizer
        self.state = state
    }

    private static func readManifest(_ path: String) throws -> Manifest {
        guard Directory.isDirectory(path) else { throw CheckpointError("there is no such directory") }
        let file = Path.join(path, Manifest.fileName)
        guard File.exists(file) else {
            throw CheckpointError("it has no \(Manifest.fileName): it was never finished")
        }
        let text = try File.read(file, limit: 64 << 20)
        do {
            return try Manifest(text)
        } catch let error as CheckpointError {
            throw CheckpointError("its manifest \(error)")
        }
    }

    private static func read(_ entry: Manifest.FileEntry, in directory: String) throws -> SafeTensors {
        let path = Path.join(directory, entry.name)
        guard File.exists(path) else { throw CheckpointError("\(entry.name) is missing") }
        let file = try MappedFile(path)
        guard file.bytes.count == entry.size else {
            let fault = file.bytes.count < entry.size ? "truncated" : "too long"
            throw CheckpointError(
                "\(entry.name) is \(fault): \(file.bytes.count) bytes, \(entry.size) were written")
        }
        guard SHA256.hexDigest(of: file.bytes) == entry.sha256 else {
            throw CheckpointError("\(entry.name) is corrupt: its checksum does not match")
        }
        return try SafeTensors(file)
    }
}
