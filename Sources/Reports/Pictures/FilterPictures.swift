import Checkpoints
import Datasets
import NeuralNetwork
import System
import Training

/// The weights of the first layer of a network that sees images, a picture for each output.
struct FilterPictures {
    static let most = 64

    private let plan: TrainingPlan
    private let model: SafeTensors

    /// - Parameter model: the tensors of the checkpoint, in PyTorch's order.
    init(_ plan: TrainingPlan, _ model: SafeTensors) { (self.plan, self.model) = (plan, model) }

    /// The name of the first layer with weights, and the shape of a filter: channels, height, width; nil if
    /// its weights are no pictures.
    private var first: (tensor: NamedTensor, layer: String, channels: Int, height: Int, width: Int)? {
        let input = plan.facts.sampleShape
        let tensors = plan.network.layout.tensors + plan.network.layout.frozen
        guard input.count == 3,
            let name = tensors.filter({ $0.role == .weight }).min(by: { $0.number < $1.number })?.name,
            let tensor = model[name], tensor.type == .float32
        else { return nil }
        let layer = name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
        let shape = tensor.shape
        if shape.count == 4, shape[1] == input[2], shape[2] * shape[3] > 1 {
            return (tensor, layer, shape[1], shape[2], shape[3])
        }
        guard shape.count == 2, shape[1] == input.reduce(1, *) else { return nil }
        return (tensor, layer, input[2], input[0], input[1])
    }

    /// - Throws: `DatasetError` if libpng reports an error.
    func plot() throws -> Plot? {
        guard let (tensor, layer, channels, height, width) = first else { return nil }
        let count = tensor.shape[0]
        let shown = min(count, Self.most)
        let size = channels * height * width
        guard let values = tensor.floats(), values.count == count * size else { return nil }
        // A colour picture for filters of three channels, otherwise one picture per filter and channel.
        let planes = channels == 3 ? 1 : min(channels, max(1, Self.most / shown))
        let pictures = try (0..<shown).flatMap { filter in
            let own = Array(values[filter * size..<(filter + 1) * size])
            return try (0..<planes).map { plane in
                try picture(
                    own, layer, filter, plane: channels == 1 || channels == 3 ? nil : plane, channels, height,
                    width)
            }
        }
        return Plot(
            .model, "Filters of the first layer, \(layer)",
            note: "Each picture spans its own weights, from the least (black) to the greatest (white)."
                + (shown < count ? " The first \(shown) of \(TextFormat.grouped(count))." : ""),
            alt: "\(TextFormat.count(count, "filter")) of \(height) × \(width) pixels and"
                + " \(TextFormat.count(channels, "channel")).",
            .images(pictures))
    }

    private func picture(
        _ weights: [Float], _ layer: String, _ filter: Int, plane: Int?, _ channels: Int, _ height: Int,
        _ width: Int
    ) throws -> Plot.Picture {
        let pixels = height * width
        let chosen = plane.map { [$0] } ?? Array(0..<channels)
        let values = (0..<pixels).flatMap { pixel in chosen.map { weights[$0 * pixels + pixel] } }
        let shades = Shades(of: values)
        let png = try SamplePictures.png(
            values.map(shades.byte), width: width, height: height, channels: chosen.count)
        let caption = plane.map { "\(filter), channel \($0)" } ?? "\(filter)"
        let range = shades.range
        let ends = "\(TextFormat.fixed(range.lowerBound, 3)) … \(TextFormat.fixed(range.upperBound, 3))"
        return Plot.Picture(png: png, caption: caption, alt: "filter \(caption) of \(layer): weights \(ends)")
    }
}
