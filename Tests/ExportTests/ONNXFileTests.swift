import Checkpoints
import Configuration
import Datasets
import NeuralNetwork
import System
import TestSupport
import Testing

/// The files themselves, read without any other software.
@Suite struct ONNXFileTests {
    @Test(arguments: Array(UInt64(0)..<40)) func randomNetworksAreSound(seed: UInt64) throws {
        let made = try ExportCase.random(seed: seed)
        let file = try ONNXFile(made.model.onnx())
        file.expectSound(made.name)
        #expect(file.irVersion == 8 && file.operatorSets == ["": 17, "ai.onnx.ml": 3])
        #expect(file.inputs.map(\.shape) == [made.dataset.sampleShape])
        #expect(file.inputs[0].type == (made.dataset.form.elementType == .uint8 ? 2 : 1))
        // Every parameter is in the file, with its name, shape and bits.
        for tensor in made.model.tensors where tensor.type == .float32 {
            let written = try #require(file.tensors[tensor.name], "\(made.name): \(tensor.name)")
            #expect(written.shape == tensor.shape)
            #expect(written.bytes == tensor.withUnsafeBytes { Array($0) })
        }
        // Each layer has its node, and a layer with a window the layer's.
        for layer in made.plan.network.layers {
            let node = try #require(
                file.nodes.first { $0.outputs == [layer.name] || $0.outputs == ["\(layer.name).flat"] },
                "\(layer.name)")
            if case .convolution(_, let window, _, _) = layer.spec {
                #expect(node.operation == "Conv")
                #expect(node.integers["strides"] == [window.strideHeight, window.strideWidth])
                let (top, bottom, left, right) = window.sides
                #expect(node.integers["pads"] == [top, left, bottom, right])
            }
        }
    }

    @Test func answersHaveTheirOutputs() throws {
        for seed in UInt64(0)..<12 {
            let made = try ExportCase.random(seed: seed)
            let file = try ONNXFile(made.model.onnx())
            let names = file.outputs.map(\.name)
            switch RandomModel(seed: seed).answer {
            case .classes:
                #expect(names == ["probabilities", "label", "logits"])
                #expect(
                    file.outputs.map(\.type) == [1, 8, 1] && file.outputs.map(\.shape) == [[5], [], [5]])
                #expect(file.tensors["class_names"]?.texts == (0..<5).map { "class \($0)" })
            case .twoClasses:
                #expect(names == ["probabilities", "label", "logits"])
                #expect(file.outputs.map(\.shape) == [[2], [], [1]])
            case .scores: #expect(names[1...] == ["label"])
            case .labels: #expect(names == ["probabilities", "logits"])
            case .values: #expect(names == ["values"] && file.outputs[0].shape == [3])
            case .reconstruction:
                #expect(names == ["reconstruction"] && file.outputs[0].shape == [made.dataset.sampleSize])
            }
        }
    }

    /// Columns become inputs of their names, whatever those are; outputs give way to them.
    @Test func hostileNames() throws {
        let directory = try TemporaryDirectory()
        let made = try TableCases.classes("hostile", in: directory, missing: .error)
        let file = try ONNXFile(made.model.onnx())
        file.expectSound("hostile")
        let columns = try #require(made.state.table?.columns)
        #expect(file.inputs.map(\.name) == columns.map(\.name))
        for (input, column) in zip(file.inputs, columns) {
            if case .number = column.kind { #expect(input.type == 11) } else { #expect(input.type == 8) }
        }
        #expect(file.outputs.map(\.name) == ["probabilities_2", "label_2", "logits"])
        let classes = try #require(made.state.classNames)
        #expect(file.tensors["class_names"]?.texts == classes + [""])
        let listed = try #require(
            JSON5.parse(file.metadata["classes"] ?? "", name: "classes", diagnostics: Diagnostics()))
        let texts = try #require(listed.elements).map { element in
            if case .string(let text) = element.kind { text } else { "" }
        }
        #expect(texts == classes)
        let encoders = file.nodes.filter { $0.operation == "LabelEncoder" }
        #expect(encoders.count == 3 && encoders.allSatisfy { $0.domain == "ai.onnx.ml" })
        for (encoder, index) in zip(encoders, [4, 6, 7]) {
            guard case .categories(let names, _) = columns[index].kind else {
                Issue.record("\(columns[index].name) has no categories")
                continue
            }
            #expect(encoder.inputs == [columns[index].name])
            #expect(encoder.texts["keys_strings"]?.suffix(names.count) == names[...])
        }
    }

    /// Names drawn by chance, of all of Unicode.
    @Test func anyNames() throws {
        var random = SplitMix(state: 11)
        let directory = try TemporaryDirectory()
        for round in 0..<30 {
            var names: [String] = []
            while names.count < 12 {
                var name = ""
                for _ in 0..<Int.random(in: 1...12, using: &random) {
                    let value = UInt32.random(in: 1...0x10_FFFF, using: &random)
                    let ascii = Unicode.Scalar(UInt8.random(in: 1...127, using: &random))
                    name.unicodeScalars.append(
                        Bool.random(using: &random) ? ascii : Unicode.Scalar(value) ?? ascii)
                }
                if !names.contains(name), !CSVFormat.usualMissing.contains(name), Double(name) == nil {
                    names.append(name)
                }
            }
            var rows = [names[..<3].map(TableCases.quoted).joined(separator: ",")]
            for row in 0..<18 {
                rows.append(
                    "\(row),\(TableCases.quoted(names[row % 9 + 3])),\(TableCases.quoted(names[row % 5]))")
            }
            let path = try directory.write("\(round).csv", rows.joined(separator: "\n") + "\n")
            let made = try TableCases.classification(path, target: names[2])
            let file = try ONNXFile(made.model.onnx())
            file.expectSound("\(names)")
            #expect(file.inputs.map(\.name) == Array(names[..<2]))
            #expect(file.tensors["class_names"]?.texts.dropLast() == made.state.classNames?[...])
            // No name breaks a line of Python's source, or leaves a control character in it.
            let script = try #require(made.model.pyTorchFiles.first { $0.name == "model.py" }).text
            let line = script.split(separator: "\n").first { $0.hasPrefix("CLASSES") }
            #expect(line != nil && script.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 32 })
        }
    }

    @Test func tensorsHaveTheMetadataOfHuggingFace() throws {
        let directory = try TemporaryDirectory()
        let made = try ExportCase.random(seed: 1)
        try made.model.writeSafeTensors(to: directory.file("model.safetensors"))
        let file = try SafeTensors(path: directory.file("model.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(Set(file.tensors.map(\.name)) == Set(made.model.tensors.map(\.name)))
        for tensor in made.model.tensors {
            #expect(
                file[tensor.name]?.floats() == tensor.floats() && file[tensor.name]?.shape == tensor.shape)
        }
    }
}
