import Checkpoints
import Export
import Runs
import System
import Telemetry

enum ExportCommand {
    static let command = Command(
        name: "export", arguments: "RUN_OR_CHECKPOINT",
        summary: """
            Write a trained model in the form of other programs.
            Of a run directory the best checkpoint counts, or else the newest. Raw columns or pixels go in, \
            because the encoding and the normalisation of the data are inside, and probabilities come out.
            """,
        options: [
            Option(
                name: "--onnx", value: "FILE",
                help: """
                    for onnxruntime and its like: a table's numbers as doubles [batch, 1] (NaN if missing),
                    its texts as strings, pixels as bytes [batch, height, width, channels], numbers of tokens
                    [batch, positions]
                    """),
            Option(
                name: "--pytorch", value: "DIR",
                help: """
                    for PyTorch: model.py (a module with the tensors' names), model.safetensors,
                    and predict.py, which reads tables or images; of a text model its tokenizer
                    """),
            Option(
                name: "--huggingface", value: "DIR",
                help: """
                    for Hugging Face's transformers: model.safetensors and config.json of a language model
                    with the layers of the presets gpt_nano, gpt2 or llama
                    """),
            Option(
                name: "--safetensors", value: "FILE",
                help: "the tensors alone, as Hugging Face's libraries expect them"),
        ],
        example: "dist-train export runs/digits-mlp-20260101-120000 --onnx digits.onnx", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a run directory or a checkpoint")
        let others = ["--onnx", "--pytorch", "--safetensors"].contains(where: arguments.has)
        guard others || arguments.has("--huggingface") else {
            throw UsageError(
                "`dist-train export` needs --onnx FILE, --pytorch DIR, --huggingface DIR or "
                    + "--safetensors FILE: see `dist-train export --help`")
        }
        let trained = try trained(RunCatalog().path(of: path))
        if let directory = arguments.string("--huggingface") {
            try HuggingFaceModel(trained).write(to: directory)
            report(directory)
        }
        if others { try export(try ExportedModel(trained), arguments) }
        return 0
    }

    private static func export(_ model: ExportedModel, _ arguments: Arguments) throws {
        if arguments.has("--onnx") || arguments.has("--pytorch") { try model.checkLayers() }
        if let file = arguments.string("--onnx") {
            try File.writeAtomically(model.onnx(), to: file)
            report(file)
        }
        if let directory = arguments.string("--pytorch") {
            if !Directory.isDirectory(directory) { try Directory.create(directory) }
            for file in model.pyTorchFiles {
                try File.writeAtomically(file.text, to: Path.join(directory, file.name))
            }
            try model.writeSafeTensors(to: Path.join(directory, "model.safetensors"))
            report(directory)
        }
        if let file = arguments.string("--safetensors") {
            try model.writeSafeTensors(to: file)
            report(file)
        }
    }

    private static func trained(_ path: String) throws -> TrainedModel {
        let checkpoints = try TrainedModel.checkpoints(at: path) {
            Console.standardError.write(message: "warning: \($0)")
        }
        guard checkpoints.count == 1 else {
            throw CheckpointError(
                "`\(path)` is an ensemble of \(checkpoints.count) models, and a file has one: "
                    + "export a member, such as `\(EnsembleDirectory.member(0, of: path))`")
        }
        let model = try TrainedModel(checkpoints[0])
        Console.standardError.writeLine("from \(model.path)")
        return model
    }

    private static func report(_ path: String) { Console.standardError.writeLine("wrote \(path)") }
}
