import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

/// Layers that are not trained.
@Suite(.serialized) struct FreezeTests {
    private func training(
        freeze: [String], optimizer: Optimizer = ExactnessTests.adam, _ change: (inout Job) -> Void = { _ in }
    ) throws -> LocalTraining {
        var job = ExactnessTests.job(batch: 97, microbatches: 6, optimizer: optimizer)
        job.freeze = freeze
        change(&job)
        let data = try DecodedData(reading: job.data)
        return LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
    }

    private func tensors(_ snapshot: Snapshot, _ training: LocalTraining) -> [String: NamedTensor] {
        Dictionary(
            uniqueKeysWithValues: snapshot.modelTensors(training.plan.network.layout).map { ($0.name, $0) })
    }

    private func start(_ training: LocalTraining) -> Snapshot {
        Snapshot(
            initial: training.plan.network.layout, moments: training.plan.job.momentNames.count,
            seed: training.plan.job.seed)
    }

    /// Everything but the head is frozen. Tensors and running statistics of frozen layers keep their bits for
    /// any number of members, and only the head's gradients travel.
    @Test func allButTheHead() throws {
        let training = try training(freeze: ["dense1", "dense1.bn", "dense2.", "dense2.bn"])
        let layout = training.plan.network.layout
        #expect(layout.tensors.map(\.name) == ["head.weight", "head.bias"])
        #expect(layout.usedCount == 208 + 16)
        #expect(training.plan.network.exchanges.isEmpty)
        var start = start(training)
        for i in layout.statistics.flatMap(\.range) { start.statistics[i] = 0.5 + Float(i % 7) / 8 }
        let quiet = try training.run(members: 1, lanes: 1, from: start)
        let (before, after) = (tensors(start, training), tensors(quiet.snapshot, training))
        for (name, tensor) in before {
            let isSame = tensor.withUnsafeBytes { Array($0) } == after[name]?.withUnsafeBytes { Array($0) }
            #expect(isSame == !name.hasPrefix("head."), "\(name)")
        }
        #expect(
            (quiet.evaluations[.validation]?.value(named: "accuracy") ?? 0) > 0.2, "what is not frozen learns"
        )
        for members in [3, 5] {
            #expect(try training.run(members: members, lanes: 2, from: start).snapshot == quiet.snapshot)
        }
        // After writing and reading nothing is missing.
        let directory = try TemporaryDirectory()
        let names = training.plan.job.momentNames
        let entry = try CheckpointStore(directory: directory.file("c")).write(
            step: quiet.snapshot.step, model: quiet.snapshot.modelTensors(layout),
            optimizer: quiet.snapshot.optimizerTensors(layout, momentNames: names), state: .null)
        var back = try Snapshot(
            Checkpoint(path: entry.path), layout: layout, momentNames: names,
            epochTotals: quiet.snapshot.epochTotals)
        back.decisions = quiet.snapshot.decisions
        #expect(back == quiet.snapshot)
    }

    /// Adapters of a network with batch norm: the network keeps its bits, what is trained has the same bits
    /// on any number of members, and an average of it may be kept.
    @Test(arguments: [nil, WeightAverage(decay: 0.5)]) func adapters(average: WeightAverage?) throws {
        let training = try training(freeze: []) {
            $0.adapters = LowRankAdapters(rank: 4, layers: ["dense1", "dense2"], trained: ["head"])
            $0.optimization.average = average
            $0.epochs = 6
        }
        let quiet = try training.run(members: 1, lanes: 1)
        let begin = Snapshot(
            initial: training.plan.network.layout, moments: quiet.snapshot.moments.count,
            isAveraged: average != nil, seed: training.plan.job.seed)
        let (before, after) = (tensors(begin, training), tensors(quiet.snapshot, training))
        for (name, tensor) in before where tensor.type == .float32 {
            let isTrained = name.contains(".lora_") || name.hasPrefix("head.")
            #expect((tensor.floats() == after[name]?.floats()) == !isTrained, "\(name)")
        }
        #expect((quiet.evaluations[.validation]?.value(named: "accuracy") ?? 0) > 0.6)
        for members in [3, 5] {
            let result = try training.run(members: members, lanes: 2)
            #expect(result.snapshot == quiet.snapshot && result.evaluations == quiet.evaluations)
        }
    }

    /// In the first step, frozen and trained layers have the same values. The layers before and behind a
    /// frozen one get the same gradient.
    @Test func gradientsPassThrough() throws {
        let descent = Optimizer.gradientDescent(learningRate: 0.5, momentum: 0)
        func layers(_ job: inout Job) {
            job.layers = [
                NamedLayer("flatten", .flatten),
                NamedLayer("a", .dense(units: 24, bias: false, initializer: .heNormal)),
                NamedLayer("norm", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("relu", .activation(.relu)),
                NamedLayer("b", .dense(units: 20, bias: true, initializer: .heNormal)),
                NamedLayer("tanh", .activation(.tanh)),
                NamedLayer("head", .dense(units: 10, bias: true, initializer: .heNormal)),
            ]
        }
        let whole = try training(freeze: [], optimizer: descent, layers)
        let part = try training(freeze: ["b"], optimizer: descent, layers)
        let one = tensors(try whole.run(members: 1, lanes: 1, stopAfter: 1).snapshot, whole)
        let other = tensors(try part.run(members: 2, lanes: 2, stopAfter: 1).snapshot, part)
        let fresh = tensors(start(part), part)
        for name in ["a.weight", "norm.weight", "norm.running_mean", "head.weight", "head.bias"] {
            #expect(one[name]?.floats() == other[name]?.floats(), "\(name)")
            #expect(other[name]?.floats() != fresh[name]?.floats(), "\(name) is trained")
        }
        #expect(other["b.weight"]?.floats() == fresh["b.weight"]?.floats())
        #expect(one["b.weight"]?.floats() != fresh["b.weight"]?.floats())
    }

    /// With mean 0, variance 1 and no ε a frozen batch norm changes nothing, forward and backward, so that
    /// the bits are the same without it.
    @Test func frozenBatchNormUsesItsStatistics() throws {
        func layers(_ norm: [NamedLayer]) -> [NamedLayer] {
            [
                NamedLayer("flatten", .flatten),
                NamedLayer("a", .dense(units: 24, bias: true, initializer: .heNormal)),
            ] + norm
                + [
                    NamedLayer("relu", .activation(.relu)),
                    NamedLayer("b", .dense(units: 10, bias: true, initializer: .zeros)),
                ]
        }
        let norm = [NamedLayer("norm", .batchNorm(momentum: 0.1, epsilon: 1e-30))]
        let with = try training(freeze: ["norm"]) { $0.layers = layers(norm) }
        let without = try training(freeze: []) { $0.layers = layers([]) }
        var (begin, other) = (start(with), start(without))
        // Initial values depend on a tensor's number, and the norm's two tensors change it for the layers
        // behind; `b` begins with zeros.
        #expect(tensors(begin, with)["a.weight"]?.floats() == tensors(other, without)["a.weight"]?.floats())
        begin = try with.run(members: 2, lanes: 1, from: begin).snapshot
        other = try without.run(members: 1, lanes: 1, from: other).snapshot
        for name in ["a.weight", "a.bias", "b.weight", "b.bias"] {
            #expect(
                tensors(begin, with)[name]?.floats() == tensors(other, without)[name]?.floats(), "\(name)")
        }
        #expect(tensors(begin, with)["norm.running_var"]?.floats()?.allSatisfy { $0 == 1 } == true)
    }

    @Test(arguments: [
        ("dense9", "which is no layer with weights; those are dense1, dense1.bn, dense2, dense2.bn, head"),
        ("dense", "which is no layer with weights"), ("dense1.weight", "which is a part of a layer"),
        ("relu1", "which is no layer with"),
    ])
    func mistakes(entry: String, message: String) throws {
        let error = #expect(throws: PlanError.self) { try training(freeze: [entry]) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func nothingLeftToTrain() throws {
        let error = #expect(throws: PlanError.self) {
            try training(freeze: ["dense1", "dense2", "dense2.bn", "head", "dense1.bn"])
        }
        #expect(error?.description.contains("covers every layer") == true)
    }
}

/// Weights that are read from files.
@Suite struct WeightsTests {
    private static let path = ProjectFiles.path("Tests/Fixtures/checkpoints/pytorch-mlp.safetensors")

    private func plan(hidden: Int = 24, head: String = "head", classes: Int = 5, freeze: [String] = []) throws
        -> NetworkPlan
    {
        try NetworkPlan(
            layers: [
                NamedLayer("flatten", .flatten),
                NamedLayer("dense1", .dense(units: hidden, bias: false, initializer: .heNormal)),
                NamedLayer("dense1.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("dense2", .dense(units: 11, bias: true, initializer: .heNormal)),
                NamedLayer("dense2.bn", .batchNorm(momentum: 0.1, epsilon: 1e-3)),
                NamedLayer(head, .dense(units: classes, bias: true, initializer: .heNormal)),
            ], input: TensorShape([4, 5, 3]), loss: .crossEntropy, freeze: freeze)
    }

    private func loaded(_ plan: NetworkPlan, from path: String = path, skip: [String] = []) throws -> [String:
        [Float]]
    {
        var snapshot = Snapshot(initial: plan.layout, moments: 0, seed: 4)
        try Weights(path: path).load(into: &snapshot, plan.layout, skip: skip)
        return Dictionary(
            uniqueKeysWithValues: snapshot.modelTensors(plan.layout).map { ($0.name, $0.floats() ?? []) })
    }

    private func complaint(_ plan: NetworkPlan, skip: [String] = []) -> String {
        do {
            _ = try loaded(plan, skip: skip)
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test(arguments: [[], ["dense1", "dense2.bn"]]) func everythingIsLoaded(freeze: [String]) throws {
        let values = try self.loaded(plan(freeze: freeze))
        for tensor in try SafeTensors(path: Self.path).tensors where tensor.type == .float32 {
            #expect(values[tensor.name] == tensor.floats(), "\(tensor.name)")
        }
    }

    @Test func anotherHead() throws {
        let other = try plan(classes: 3)
        #expect(
            complaint(other).contains(
                "2 of another shape or type: head.weight (F32 [5, 11], the model has F32 [3, 11]), head.bias")
        )
        #expect(complaint(other).contains("skip: [\"head.\"]"))
        let values = try self.loaded(other, skip: ["head."])
        #expect(values["dense2.weight"] == (try SafeTensors(path: Self.path)["dense2.weight"]?.floats()))
        let fresh = Snapshot(initial: other.layout, moments: 0, seed: 4)
        let tensor = fresh.modelTensors(other.layout).first { $0.name == "head.weight" }
        #expect(values["head.weight"] == tensor?.floats(), "what is skipped begins fresh")
    }

    @Test func allMisfitsAtOnce() throws {
        let text = complaint(try plan(hidden: 20, head: "top"))
        #expect(text.contains("2 missing: top.weight, top.bias"), "\(text)")
        #expect(text.contains("2 unexpected: head.bias, head.weight"), "\(text)")
        #expect(
            text.contains(
                "6 of another shape or type: dense1.weight (F32 [24, 60], the model has F32 [20, 60])"),
            "\(text)")
        #expect(
            complaint(try plan(), skip: ["heat."]).contains("`skip` has `heat.`, which neither the model nor")
        )
        #expect(complaint(try plan(head: "top"), skip: ["top", "head"]) == "nothing")
    }

    @Test func runDirectoriesGiveTheirBest() throws {
        let directory = try TemporaryDirectory()
        let store = CheckpointStore(directory: directory.file("run/checkpoints"))
        let plan = try plan()
        for step in [3, 6, 9] {
            var snapshot = Snapshot(initial: plan.layout, moments: 0, seed: UInt64(step))
            snapshot.step = step
            try store.write(
                step: step, model: snapshot.modelTensors(plan.layout), optimizer: [], state: .null)
        }
        func seed(_ path: String) throws -> UInt64? {
            let values = try self.loaded(plan, from: path)["dense1.weight"]
            return [3, 6, 9].first { seed in
                Snapshot(initial: plan.layout, moments: 0, seed: seed).modelTensors(plan.layout).first {
                    $0.name == "dense1.weight"
                }?
                .floats() == values
            }
        }
        #expect(try seed(directory.file("run")) == 9, "the newest, where none is the best")
        try store.markBest(6)
        #expect(try seed(directory.file("run")) == 6)
        #expect(try seed(store.path(ofStep: 3)) == 3)
        #expect(try seed(Path.join(store.path(ofStep: 3), "model.safetensors")) == 3)
        #expect(throws: CheckpointError.self) { try Weights(path: directory.file("nothing")) }
    }

    /// Names as wrappers write them, and what of them is left out.
    @Test(arguments: [
        ("module.", ["module."]), ("_orig_mod.", ["_orig_mod."]),
        ("module._orig_mod.", ["module.", "_orig_mod."]), ("_orig_mod.module.", ["_orig_mod.", "module."]),
        ("model.", ["model."]), ("net.", ["net."]), ("module.model.", ["module.", "model."]),
        ("_fsdp_wrapped_module.", ["_fsdp_wrapped_module."]), ("", []),
    ])
    func wrappedNames(prefix: String, parts: [String]) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("wrapped.safetensors")
        let tensors = try SafeTensors(path: Self.path).tensors
        try write(tensors, to: path) { prefix + $0 }
        let plan = try plan()
        var snapshot = Snapshot(initial: plan.layout, moments: 0, seed: 4)
        let removed = try Weights(path: path).load(into: &snapshot, plan.layout, skip: [])
        #expect(Set(removed) == Set(parts))
        #expect(try loaded(plan, from: path) == loaded(plan))
    }

    /// Wrappers within names, older words for a norm's tensors, and the counters of averaged models.
    @Test func otherNames() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("other.safetensors")
        let tensors = try SafeTensors(path: Self.path).tensors
        try write(tensors, to: path) { name in
            name.replacing("dense1.bn.weight", with: "dense1.bn.gamma").replacing(
                "dense1.bn.bias", with: "dense1.bn.beta"
            ).replacing("dense2.", with: "dense2._checkpoint_wrapped_module.")
        }
        #expect(try loaded(plan(), from: path) == loaded(plan()))
    }

    /// A name that no wrapper explains is still a misfit.
    @Test func halfOfTheNamesShareAPrefix() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("half.safetensors")
        try write(try SafeTensors(path: Self.path).tensors, to: path) {
            $0.hasPrefix("dense1") ? "model." + $0 : $0
        }
        #expect(throws: CheckpointError.self) { try loaded(plan(), from: path) }
    }

    /// Shards by their index, by the directory that holds it, and a directory with one file.
    @Test func shardsAreOneModel() throws {
        let directory = try TemporaryDirectory()
        let tensors = try SafeTensors(path: Self.path).tensors
        let (one, two) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
        try write(tensors.filter { $0.name < "dense2" }, to: directory.file(one)) { $0 }
        try write(tensors.filter { $0.name >= "dense2" }, to: directory.file(two)) { $0 }
        let index = directory.file("model.safetensors.index.json")
        let entries = tensors.map { "\"\($0.name)\": \"\($0.name < "dense2" ? one : two)\"" }
        let map = entries.joined(separator: ",\n")
        #expect(throws: CheckpointError.self) { try Weights(path: directory.path) }
        try File.writeAtomically("{\"metadata\": {}, \"weight_map\": {\(map)}}", to: index)
        #expect(try loaded(plan(), from: index) == loaded(plan()))
        #expect(try loaded(plan(), from: directory.path) == loaded(plan()))
        let single = try TemporaryDirectory()
        try write(tensors, to: single.file("model.safetensors")) { $0 }
        #expect(try loaded(plan(), from: single.path) == loaded(plan()))
        for wrong in [
            "{}", "{\"weight_map\": {\"a\": \"../x\"}}", "{\"weight_map\": {\"a\": \"\(one)\"}}",
            "{\"weight_map\": {\"a\": \"none.safetensors\"}}", "{\"weight_map\": {\"a\": 3}}",
        ] {
            try File.writeAtomically(wrong, to: index)
            #expect(throws: CheckpointError.self, "\(wrong)") { try Weights(path: index) }
        }
    }

    /// Files of other kinds say what they are.
    @Test(arguments: [
        ("w.pth", Array("PK\u{3}\u{4}".utf8), "torch.save"), ("w.npz", Array("PK\u{3}\u{4}".utf8), "NumPy"),
        ("w.pt", [0x80, 2, 0x8a, 10], "before version 1.6"), ("w.pkl", [0x80, 4, 0x95, 0], "pickled"),
        ("w.h5", [0x89] + Array("HDF\r\n".utf8), "HDF5"),
        ("w.npy", [0x93] + Array("NUMPY".utf8), "NumPy array"),
        (
            "w.safetensors", Array("version https://git-lfs.github.com/spec/v1\noid sha256:0".utf8),
            "git lfs pull"
        ),
        ("w.gguf", Array("GGUF\u{3}".utf8), "GGUF"),
        ("w.tflite", [28, 0, 0, 0] + Array("TFL3".utf8), "Lite"),
        ("w.safetensors.gz", [0x1f, 0x8b, 8, 0], "gunzip"),
        ("w.html", Array("<!DOCTYPE html>".utf8), "web page"),
        ("w.json", Array("{\"a\": 1}".utf8), "index"), ("empty.safetensors", [], "empty"),
        ("short.safetensors", [1, 2, 3], "a header takes at least 8"),
        ("w.zeros", [UInt8](repeating: 0, count: 64), "full of zeros"),
        ("w.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz -d"), ("w.bz2", Array("BZh91AY".utf8), "bunzip2"),
        ("w.7z", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "7z x"), ("w.parquet", Array("PAR1".utf8), "table"),
        ("w.onnx", [8, 8, 0x12, 7] + Array("pytorch1.0 and more".utf8), "of another kind"),
        ("w.annex", Array("/annex/objects/SHA256E-s1".utf8), "git annex get"),
    ])
    func otherKindsOfFiles(name: String, bytes: [UInt8], expected: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file(name)
        let writer = try FileWriter(path)
        try writer.write(bytes)
        _ = try writer.finish()
        #expect {
            try Weights(path: path)
        } throws: {
            "\($0)".contains(expected) && "\($0)".contains(name)
        }
    }

    private func write(_ tensors: [NamedTensor], to path: String, _ rename: (String) -> String) throws {
        let writer = try FileWriter(path)
        try SafeTensors.write(
            tensors.map { tensor in
                tensor.withUnsafeBytes {
                    NamedTensor(rename(tensor.name), tensor.type, shape: tensor.shape, copying: $0)
                }
            }, to: writer)
        _ = try writer.finish()
    }

    /// Numbers of other widths, given by the bits of their standards.
    @Test func otherWidths() {
        func tensor(_ type: TensorType, _ words: [UInt16]) -> [Float]? {
            words.withUnsafeBytes {
                NamedTensor("t", type, shape: [words.count], copying: $0).convertedFloats()
            }
        }
        let halves: [UInt16] = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x3555, 0x8000, 0x7C00, 0x03FF]
        let expected: [Float] = [1, -2, 65504, 0x1p-24, 0.333251953125, -0.0, .infinity, 1023 * 0x1p-24]
        #expect(tensor(.float16, halves)?.map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(tensor(.bfloat16, [0x3F80, 0xC040, 0x0001]) == [1, -3, Float(bitPattern: 0x0001_0000)])
        let doubles = [0.1, -1e300, 3].withUnsafeBytes {
            NamedTensor("t", .float64, shape: [3], copying: $0).convertedFloats()
        }
        #expect(doubles == [Float(0.1), -.infinity, 3])
    }

    @Test func configRoundTrips() throws {
        let job = try decoded(config(["weights": #""w.safetensors""#, "freeze": #"["dense1"]"#]))
        #expect(job.weights?.file.hasPrefix("/") == true, "paths in a resolved job are absolute")
        #expect(job.freeze == ["dense1"])
        let other = try decoded(config(["weights": #"{file: "/w", skip: ["head."]}"#]))
        #expect(other.weights == WeightsSpec(file: "/w", skip: ["head."]))
        #expect(try Job(resolvedText: other.resolved.prettyJSON()) == other)
    }

    private func decoded(_ text: String) throws -> Job { try TestSupport.load(text).job }
}
