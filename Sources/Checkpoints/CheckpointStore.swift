import Configuration
import System

/// The checkpoints of a run: directories `step-NNNNNNNN` that appear completely or not at all. One process
/// writes them, the one that holds the run directory's lock; any process may read them.
package struct CheckpointStore: Sendable {
    /// The name and path of a checkpoint that has not been verified.
    package struct Entry: Sendable, Equatable {
        package let step: Int
        package let path: String

        package init(step: Int, path: String) {
            self.step = step
            self.path = path
        }
    }

    /// The progress of writing a checkpoint: the last part that is complete.
    package enum Stage: String, CaseIterable, Sendable {
        case begun, model, optimizer, manifest, renamed
    }

    /// The directory that holds the checkpoints.
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// The directory of the checkpoint after `step`.
    package func path(ofStep step: Int) -> String {
        Path.join(directory, "step-\(TextFormat.padded(step, 8))")
    }

    /// Writes a checkpoint, replacing one of the same step. When this returns, it is on the disk. After an
    /// error nothing of it is left.
    /// - Parameters:
    ///   - step: the number of completed steps, at least 0.
    ///   - state: everything beside the tensors that a resume needs.
    ///   - reached: called after each completed stage.
    /// - Throws: `CheckpointError` or `SystemError`.
    @discardableResult
    package func write(
        step: Int, model: [NamedTensor], optimizer: [NamedTensor], state: ConfigValue,
        reached: (Stage) -> Void = { _ in }
    ) throws -> Entry {
        precondition(step >= 0, "A checkpoint's step is not negative")
        try Directory.create(directory)
        let whole = try AtomicDirectory(path(ofStep: step))
        reached(.begun)
        var files: [Manifest.FileEntry] = []
        for (name, tensors, stage) in [
            (Checkpoint.modelFile, model, Stage.model), (Checkpoint.optimizerFile, optimizer, .optimizer),
        ] {
            let writer = try whole.file(name)
            try SafeTensors.write(tensors, metadata: ["format": "pt"], to: writer)
            files.append(Manifest.FileEntry(name: name, size: writer.byteCount, sha256: try writer.finish()))
            reached(stage)
        }
        try whole.write(Manifest(step: step, files: files, state: state).encoded(), as: Manifest.fileName)
        reached(.manifest)
        try whole.commit(replacing: true)
        reached(.renamed)
        return Entry(step: step, path: whole.path)
    }

    /// Lists the checkpoints, newest first, without verifying them. The list is empty if the directory does
    /// not exist.
    /// - Throws: `SystemError` if the directory cannot be read.
    package func list() throws -> [Entry] {
        guard Directory.isDirectory(directory) else { return [] }
        return try Directory.list(directory).compactMap { name in
            CheckpointStore.step(ofName: name).map { Entry(step: $0, path: Path.join(directory, name)) }
        }.sorted { $0.step > $1.step }
    }

    /// Reads the newest valid checkpoint; nil if there is none. Newer ones that are damaged are skipped.
    /// - Parameter report: called with one sentence for each checkpoint that is skipped.
    /// - Throws: `SystemError` if the directory cannot be read.
    package func newestValid(reporting report: (String) -> Void) throws -> Checkpoint? {
        for entry in try list() {
            do {
                let checkpoint = try Checkpoint(path: entry.path)
                guard checkpoint.step == entry.step else {
                    throw CheckpointError(
                        "the checkpoint `\(entry.path)` says that it is of step \(checkpoint.step):"
                            + " it was renamed"
                    )
                }
                return checkpoint
            } catch {
                report("\(error); the one before it is tried")
            }
        }
        return nil
    }

    private var bestFile: String { Path.join(directory, "best") }

    /// Marks the checkpoint of `step`, which exists, as the best. When this returns, the mark is on the disk.
    /// - Throws: `SystemError`.
    package func markBest(_ step: Int) throws {
        let text = Path.name(of: path(ofStep: step)) + "\n"
        if let before = try? File.readText(bestFile, limit: 64), before == text { return }
        try File.writeAtomically(text, to: bestFile)
    }

    /// The checkpoint that is marked as the best; nil if none is marked or it does not exist.
    /// - Throws: `SystemError` if the mark cannot be read.
    package func best() throws -> Entry? {
        guard File.exists(bestFile) else { return nil }
        let name = try File.readText(bestFile, limit: 64).prefix { $0 != "\n" }
        let path = Path.join(directory, String(name))
        return CheckpointStore.step(ofName: String(name)).flatMap {
            Directory.isDirectory(path) ? Entry(step: $0, path: path) : nil
        }
    }

    /// Reads the best checkpoint, or in a run without one the newest valid checkpoint.
    /// - Throws: `CheckpointError` or `SystemError`.
    package func bestOrNewest(reporting report: (String) -> Void) throws -> Checkpoint? {
        guard let best = try best() else { return try newestValid(reporting: report) }
        return try Checkpoint(path: best.path)
    }

    /// Removes all checkpoints but the `count` newest ones and those of the steps `protected`.
    /// - Throws: `SystemError`.
    package func retain(last count: Int, protecting protected: Set<Int> = []) throws {
        for entry in try list().dropFirst(max(0, count)) where !protected.contains(entry.step) {
            try Directory.removeAtOnce(entry.path)
        }
    }

    /// Removes partly written and partly removed checkpoints after a crash. Only the holder of the run
    /// directory's lock may call this.
    /// - Throws: `SystemError`.
    package func removeLeftovers() throws {
        if Directory.isDirectory(directory) { try AtomicDirectory.removeLeftovers(in: directory) }
    }

    private static func step(ofName name: String) -> Int? {
        guard name.hasPrefix("step-") else { return nil }
        let digits = name.dropFirst(5)
        guard digits.count >= 8,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(digits)
    }
}
