import Configuration
import System

/// The checkpoints of a run: directories `step-NNNNNNNN` that appear whole or not at all. Written by one process, which holds the run
/// directory's lock; read by anybody.
package struct CheckpointStore: Sendable {
    /// A checkpoint by its name; nothing about it has been checked.
    package struct Entry: Sendable, Equatable {
        package let step: Int
        package let path: String

        package init(step: Int, path: String) { (self.step, self.path) = (step, path) }
    }

    /// How far the writing of a checkpoint has come.
    package enum Stage: String, CaseIterable, Sendable {
        case begun, model, optimizer, manifest, renamed
    }

    package let directory: String

    package init(directory: String) { self.directory = directory }

    package func path(ofStep step: Int) -> String {
        Path.join(directory, "step-\(TextFormat.padded(step, 8))")
    }

    /// Writes a checkpoint, replacing one of the same step; it is on the disk when this returns, or an error says why not and nothing is left.
    /// - Parameters:
    ///   - state: whatever else is needed to go on
    ///   - reached: told of each stage that is done
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

    /// The checkpoints that are there, whole or not, newest first; none where there is no such directory.
    package func list() throws -> [Entry] {
        guard Directory.isDirectory(directory) else { return [] }
        return try Directory.list(directory).compactMap { name in
            CheckpointStore.step(ofName: name).map { Entry(step: $0, path: Path.join(directory, name)) }
        }.sorted { $0.step > $1.step }
    }

    /// The newest checkpoint that is whole, or nil. Each newer one that is not is named in a sentence.
    package func newestValid(reporting report: (String) -> Void) throws -> Checkpoint? {
        for entry in try list() {
            do {
                let checkpoint = try Checkpoint(path: entry.path)
                guard checkpoint.step == entry.step else {
                    throw CheckpointError(
                        "the checkpoint `\(entry.path)` says that it is of step \(checkpoint.step): it was renamed"
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

    /// Names the checkpoint of `step`, which is there, as the best; on the disk when this returns.
    package func markBest(_ step: Int) throws {
        let text = Path.name(of: path(ofStep: step)) + "\n"
        if let before = try? File.readText(bestFile, limit: 64), before == text { return }
        try File.writeAtomically(text, to: bestFile)
    }

    /// The checkpoint that is named as the best, if one is and it is there.
    package func best() throws -> Entry? {
        guard File.exists(bestFile) else { return nil }
        let name = try File.readText(bestFile, limit: 64).prefix { $0 != "\n" }
        let path = Path.join(directory, String(name))
        return CheckpointStore.step(ofName: String(name)).flatMap {
            Directory.isDirectory(path) ? Entry(step: $0, path: path) : nil
        }
    }

    /// The best checkpoint, or in a run without one the newest that is whole.
    package func bestOrNewest(reporting report: (String) -> Void) throws -> Checkpoint? {
        guard let best = try best() else { return try newestValid(reporting: report) }
        return try Checkpoint(path: best.path)
    }

    /// Removes all but the `count` newest checkpoints and those of the steps `protected`.
    package func retain(last count: Int, protecting protected: Set<Int> = []) throws {
        for entry in try list().dropFirst(max(0, count)) where !protected.contains(entry.step) {
            try Directory.removeAtOnce(entry.path)
        }
    }

    /// Removes what a crash left half written or half removed. Only for the holder of the run directory's lock.
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
