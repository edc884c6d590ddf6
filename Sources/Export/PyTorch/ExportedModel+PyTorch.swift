import Checkpoints
import System

extension ExportedModel {
    /// A text file of the directory for PyTorch.
    package struct TextFile {
        package let name: String
        package let text: String
    }

    /// The files of a directory for PyTorch beside `model.safetensors`: the module, a script that predicts
    /// with it, the packages that they need, and the tokenizer of texts.
    package var pyTorchFiles: [TextFile] {
        var packages = ["numpy", "safetensors", "torch>=2.1"]
        if case .values(let shape, _) = input, shape.count == 3 { packages.append("pillow") }
        var files = [
            TextFile(name: "model.py", text: PyTorchModel(model: self).text),
            TextFile(name: "requirements.txt", text: packages.sorted().map { $0 + "\n" }.joined()),
        ]
        if answer.isOfSamples {
            files.append(TextFile(name: "predict.py", text: PredictScript(model: self).text))
        }
        if let tokenizer { files.append(TextFile(name: "tokenizer.json", text: tokenizer)) }
        return files
    }

    /// Writes the tensors as a safetensors file with the metadata that Hugging Face's libraries ask for.
    ///
    /// - Throws: `SystemError` if the file cannot be written.
    package func writeSafeTensors(to path: String) throws {
        let temporary = "\(path).partial"
        let writer = try FileWriter(temporary)
        try SafeTensors.write(tensors, metadata: ["format": "pt"], to: writer)
        _ = try writer.finish()
        try File.move(temporary, to: path)
    }
}
