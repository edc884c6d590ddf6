import Checkpoints
import System
import TestSupport
import Testing

@Suite(.serialized) struct CheckpointStoreTests {
    private let directory: TemporaryDirectory
    private let store: CheckpointStore

    init() throws {
        directory = try TemporaryDirectory()
        store = CheckpointStore(directory: directory.file("checkpoints"))
    }

    private func model(_ value: Float) -> [NamedTensor] {
        [
            NamedTensor("w", shape: [2, 2], floats: [value, 1, 2, 3]),
            NamedTensor("b", shape: [1], floats: [-value]),
        ]
    }

    private func optimizer(_ value: Float) -> [NamedTensor] {
        [NamedTensor("m.w", shape: [2, 2], floats: [value, 0, 0, 0])]
    }

    @discardableResult
    private func write(_ step: Int) throws -> CheckpointStore.Entry {
        let value = Float(step)
        return try store.write(
            step: step, model: model(value), optimizer: optimizer(value),
            state: ["epoch": 3, "note": "step \"x\""])
    }

    private func newest() throws -> (step: Int?, reports: [String]) {
        var reports: [String] = []
        let checkpoint = try store.newestValid { reports.append($0) }
        return (checkpoint?.step, reports)
    }

    @Test func whatIsWrittenComesBack() throws {
        let entry = try write(12)
        #expect(entry.path.hasSuffix("/checkpoints/step-00000012"))
        #expect(
            try Directory.list(entry.path) == ["manifest.json", "model.safetensors", "optimizer.safetensors"])
        #expect(try Directory.list(store.directory) == ["step-00000012"])
        let checkpoint = try Checkpoint(path: entry.path)
        #expect(checkpoint.step == 12)
        #expect(checkpoint.model["w"]?.floats() == [12, 1, 2, 3])
        #expect(checkpoint.optimizer["m.w"]?.floats() == [12, 0, 0, 0])
        #expect(checkpoint.state == ["note": "step \"x\"", "epoch": 3])
        #expect(checkpoint.stateSHA256() == StateHash.sha256(model: model(12), optimizer: optimizer(12)))
        #expect(Checkpoint.problems(path: entry.path).isEmpty)
    }

    @Test func aStepIsReplaced() throws {
        try write(5)
        try store.write(step: 5, model: model(99), optimizer: optimizer(99), state: nil)
        #expect(try Checkpoint(path: store.path(ofStep: 5)).model["w"]?.floats()?[0] == 99)
        #expect(try Directory.list(store.directory) == ["step-00000005"])
    }

    @Test func theBestIsNamed() throws {
        for step in [5, 12, 30] { try write(step) }
        #expect(try store.best() == nil)
        #expect(try store.bestOrNewest { _ in }?.step == 30)
        try store.markBest(12)
        #expect(try store.best()?.path == store.path(ofStep: 12))
        #expect(try store.list().map(\.step) == [30, 12, 5], "the mark is no checkpoint")
        try store.retain(last: 1, protecting: Set([try store.best()?.step].compactMap { $0 }))
        #expect(try store.list().map(\.step) == [30, 12])
        #expect(try store.bestOrNewest { _ in }?.step == 12)
        // A mark without a name, or with the name of a missing checkpoint, is no mark.
        for text in ["step-00000005\n", "", "../x\n", "step-1\n"] {
            try File.writeAtomically(text, to: Path.join(store.directory, "best"))
            #expect(try store.best() == nil)
        }
    }

    @Test func theNewestComesFirstAndOldOnesGo() throws {
        #expect(try store.list().isEmpty)
        #expect(try newest().step == nil)
        for step in [30, 5, 100_000_000, 12] { try write(step) }
        try Directory.create(Path.join(store.directory, "step-00000013.tmp-77"))
        try Directory.create(Path.join(store.directory, "notes"))
        #expect(try store.list().map(\.step) == [100_000_000, 30, 12, 5])
        try store.removeLeftovers()
        try store.retain(last: 2, protecting: [5])
        #expect(try store.list().map(\.step) == [100_000_000, 30, 5])
        #expect(
            try Directory.list(store.directory) == [
                "notes", "step-00000005", "step-00000030", "step-100000000",
            ])
    }

    /// Every truncation and every flipped bit in each of the three files is noticed and named, and the
    /// checkpoint before is used.
    @Test(arguments: ["manifest.json", "model.safetensors", "optimizer.safetensors"])
    func damageIsFoundAndTheOneBeforeIsUsed(name: String) throws {
        try write(1)
        let path = Path.join(try write(2).path, name)
        let whole = try File.read(path, limit: 1 << 20)
        for offset in 0..<whole.count {
            var flipped = whole
            flipped[offset] ^= 0x10
            for damaged in [Array(whole[..<offset]), flipped] {
                try File.writeAtomically(damaged, to: path)
                let (step, reports) = try newest()
                #expect(step == 1, "\(name) at \(offset)")
                #expect(reports.count == 1)
                #expect(reports.first?.contains("step-00000002") == true)
                let shortName = name == "manifest.json" ? "its manifest" : name
                #expect(reports.first?.contains(shortName) == true, "\(reports)")
            }
        }
        try File.remove(path)
        #expect(try newest().step == 1)
        try File.writeAtomically(whole, to: path)
        #expect(try newest().step == 2)
    }

    @Test func allProblemsAreNamed() throws {
        let path = try write(7).path
        try File.remove(Path.join(path, "model.safetensors"))
        try File.writeAtomically([1, 2, 3], to: Path.join(path, "optimizer.safetensors"))
        let problems = Checkpoint.problems(path: path)
        #expect(problems.count == 2)
        #expect(problems.contains("model.safetensors is missing"))
        #expect(problems.contains { $0.hasPrefix("optimizer.safetensors is truncated: 3 bytes,") })
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: path) }
        #expect(error?.description.hasSuffix("; use an older one or another copy") == true)
        try File.remove(Path.join(path, "manifest.json"))
        #expect(Checkpoint.problems(path: path) == ["it has no manifest.json: it was never finished"])
        #expect(Checkpoint.problems(path: "/nowhere") == ["there is no such directory"])
    }

    @Test func aRenamedCheckpointIsNotBelieved() throws {
        try write(1)
        let child = try ChildProcess("cp", ["-r", store.path(ofStep: 1), store.path(ofStep: 9)])
        #expect(child.wait(seconds: 120)?.isSuccess == true)
        let (step, reports) = try newest()
        #expect(step == 1)
        #expect(reports.first?.contains("it was renamed") == true)
    }

    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
    func aFullDiskLeavesTheCheckpointBefore() async throws {
        try await onThread {
            let full = try SmallFileSystem(options: "size=64k")
            let store = CheckpointStore(directory: Path.join(full.path, "checkpoints"))
            try store.write(
                step: 1, model: [NamedTensor("w", shape: [1], floats: [1])], optimizer: [], state: nil)
            let large = NamedTensor("w", shape: [1 << 16], floats: [Float](repeating: 1, count: 1 << 16))
            for step in [1, 2] {
                let error = #expect(throws: SystemError.self) {
                    try store.write(step: step, model: [large], optimizer: [], state: nil)
                }
                #expect(error?.description.contains("no space left on the device; free some space") == true)
            }
            #expect(try Directory.list(store.directory) == ["step-00000001"])
            #expect(try store.newestValid { _ in }?.step == 1)

            let readOnly = try SmallFileSystem(options: "ro")
            let refused = CheckpointStore(directory: Path.join(readOnly.path, "checkpoints"))
            let error = #expect(throws: SystemError.self) {
                try refused.write(step: 1, model: [], optimizer: [], state: nil)
            }
            #expect(error?.description.contains("the file system is read-only; choose") == true)
        }
    }
}
