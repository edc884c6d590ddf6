import Datasets

/// The source text of `predict.py`, which reads raw samples and writes the lines of `dist-train predict`.
struct PredictScript {
    let model: ExportedModel

    var text: String {
        let reader: String
        var imports = ["argparse", "csv", "sys"]
        switch model.input {
        case .table(let encoding):
            reader = Self.table(encoding)
            imports = ["argparse", "csv", "gzip", "re", "sys"]
        case .tokens: reader = sequences(of: "int64")
        case .values(let shape, _) where shape.count == 2: reader = sequences(of: "float32")
        case .values(let shape, _):
            let isImage = shape.count == 3 && (shape[2] == 1 || shape[2] == 3)
            reader = isImage ? Self.images : Self.arrays
            if isImage { imports = ["argparse", "csv", "pathlib", "sys"] }
        }
        return """
            \"\"\"Predicts with the model beside this file:

                python predict.py INPUT > predictions.csv

            INPUT is \(inputText).
            Each sample gets a line, as from `dist-train predict`.
            \"\"\"
            \(imports.map { "import \($0)" }.joined(separator: "\n"))

            import numpy as np
            import torch

            \(modelImport)

            \(reader)

            \(output)
            \(Self.main)
            """
    }

    private var inputText: String {
        switch model.input {
        case .table: "a table with the training table's columns, in any order"
        case .tokens:
            "an .npy file [N, positions] of tokens' numbers"
                + (model.isRagged ? ", -1 behind a sample's last token" : "")
        case .values(let shape, _) where shape.count == 2:
            "an .npy file [N, positions, channels]"
                + (model.isRagged ? ", NaN behind a sample's last position" : "")
        case .values(let shape, _):
            shape.count == 3 && (shape[2] == 1 || shape[2] == 3)
                ? "a PNG or JPEG file, a directory of them, or an .npy file [N, height, width, channels]"
                : "an .npy file \(shape.count == 1 ? "[N, features]" : "[N, …, channels]")"
        }
    }

    private var modelImport: String {
        switch model.answer {
        case .classes: "from model import CLASSES, SHAPE, answer, load"
        case .values, .reconstruction: "from model import COLUMNS, SHAPE, answer, load"
        case .cluster, .components, .nextToken: "from model import SHAPE, answer, load"
        }
    }

    // MARK: The lines

    /// Functions that give the header of the result, and the cells of a batch.
    private var output: String {
        switch model.answer {
        case .classes(_, let scores, _):
            let prefix = scores == .values ? "score_" : "p_"
            return Self.output(
                header: "[\"class\"] + [\"\(prefix)\" + name for name in CLASSES]",
                cells: [
                    "numbers, indices = answer(outputs)",
                    "for row, index in zip(numbers.numpy(), indices.tolist()):",
                    "    yield [CLASSES[index]] + [str(number) for number in row]",
                ])
        case .values(_, let scores, _):
            let header = scores == .values ? "COLUMNS" : "[\"p_\" + name for name in COLUMNS]"
            return Self.output(header: header, cells: Self.numbers)
        case .reconstruction: return Self.output(header: "COLUMNS", cells: Self.numbers)
        case .cluster:
            return Self.output(
                header: "[\"cluster\", \"distance\"]",
                cells: [
                    "distances, indices = answer(outputs)",
                    "for distance, index in zip(distances.numpy(), indices.tolist()):",
                    "    yield [index, str(distance)]",
                ])
        case .components, .nextToken:
            return Self.output(
                header: "[f\"component_{i}\" for i in range(outputs.shape[1])]", cells: Self.numbers)
        }
    }

    private static let numbers = [
        "for row in answer(outputs).numpy():", "    yield [str(number) for number in row]",
    ]

    private static func output(header: String, cells: [String]) -> String {
        """

        def header(outputs):
            return \(header)


        def lines(outputs):
        \(cells.map { "    \($0)" }.joined(separator: "\n"))

        """
    }

    private static let main = """

        def main():
            parser = argparse.ArgumentParser(description=__doc__.split("\\n")[0])
            parser.add_argument("input")
            model = load()
            writer = csv.writer(sys.stdout, lineterminator="\\n")
            is_first = True
            for names, *x in batches(parser.parse_args().input):
                with torch.no_grad():
                    outputs = model(*x)
                if is_first:
                    writer.writerow((["file"] if names else []) + header(outputs))
                is_first = False
                for index, line in enumerate(lines(outputs)):
                    writer.writerow(([names[index]] if names else []) + line)


        if __name__ == "__main__":
            main()

        """

    // MARK: Arrays and images

    /// Reads padded sequences, and finds their ends.
    private func sequences(of type: String) -> String {
        let isTokens = type == "int64"
        let values = isTokens ? "x.clamp(min=0)" : "x.nan_to_num(0)"
        let counts = isTokens ? "(x >= 0).sum(1)" : "x[..., 0].isfinite().sum(1)"
        let what = model.takesLengths ? "their values and lengths" : "their values"
        return """

            def batches(path, size=256):
                \"\"\"Yields the samples' names, if they have any, and \(what).\"\"\"
                samples = np.load(path)
                for start in range(0, len(samples), size):
                    x = torch.from_numpy(samples[start : start + size].astype(np.\(type)))
                    yield None, \(model.isRagged ? values : "x")\(model.takesLengths ? ", \(counts)" : "")
            """
    }

    private static let arrays = """

        def batches(path, size=256):
            \"\"\"Yields the samples' names, if they have any, and their values, channels first.\"\"\"
            samples = np.load(path)
            for start in range(0, len(samples), size):
                x = torch.from_numpy(samples[start : start + size].astype(np.float32))
                yield None, x.movedim(-1, 1).reshape(-1, *SHAPE)
        """

    private static let images = """

        def pixels(path):
            \"\"\"Decodes an image as dist-train does: upright, on white, in the model's size.\"\"\"
            from PIL import Image, ImageOps

            image = ImageOps.exif_transpose(Image.open(path))
            if "A" in image.getbands() or "transparency" in image.info:
                image = image.convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image).convert("RGB")
            image = image.convert("L" if SHAPE[0] == 1 else "RGB")
            x = np.array(image, dtype=np.float64).reshape(image.height, image.width, SHAPE[0])
            if list(x.shape[:2]) != SHAPE[1:]:
                x = resized(x)
            return torch.from_numpy(x.astype(np.float32)).permute(2, 0, 1)


        def resized(x):
            \"\"\"Resizes as interpolate(mode="bilinear", antialias=True) does, and rounds once.

            The sums and their order are dist-train's, so that values halfway between two are rounded alike.
            \"\"\"
            for axis in [1, 0]:
                target = SHAPE[1 + axis]
                scale = x.shape[axis] / target
                reach = max(scale, 1)
                source = np.moveaxis(x, axis, 0)
                result = np.zeros((target, *source.shape[1:]))
                for index in range(target):
                    center = (index + 0.5) * scale
                    first = max(0, int(center - reach + 0.5))
                    end = min(len(source), int(center + reach + 0.5))
                    weights = [max(0, 1 - abs((i + 0.5 - center) / reach)) for i in range(first, end)]
                    total = 0
                    for weight in weights:
                        total += weight
                    for offset, weight in enumerate(weights):
                        result[index] += weight / total * source[first + offset]
                x = np.moveaxis(result, 0, axis)
            return np.floor(x + 0.5).clip(0, 255)


        def batches(path, size=64):
            \"\"\"Yields the samples' names, if they have any, and their values, channels first.\"\"\"
            path = pathlib.Path(path)
            if path.suffix == ".npy":
                samples = np.load(path)
                for start in range(0, len(samples), size):
                    x = torch.from_numpy(samples[start : start + size].astype(np.float32))
                    yield None, x.reshape(-1, *SHAPE[1:], SHAPE[0]).permute(0, 3, 1, 2)
                return
            files = [path]
            if path.is_dir():
                endings = {".png", ".jpg", ".jpeg"}
                files = sorted(f for f in path.rglob("*") if f.suffix.lower() in endings)
            for start in range(0, len(files), size):
                part = files[start : start + size]
                names = [str(f.relative_to(path)) if path.is_dir() else str(f) for f in part]
                yield names, torch.stack([pixels(f) for f in part])
        """
}
