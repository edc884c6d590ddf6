import NeuralNetwork

/// Training that has left the finite numbers.
package struct DivergedError: Error, Equatable, CustomStringConvertible {
    /// From 0: the first one whose loss, or end, is no finite number.
    package let step: Int
    package let description: String

    /// The part of a description that says that the job, and not its data, is to be changed.
    package static let advice = "lower the learning rate, or clip gradients"

    package init(step: Int, description: String) { (self.step, self.description) = (step, description) }

    /// - Parameters:
    ///   - step: from 0; people count from 1.
    ///   - sample: the sample of the training set in a row of a local microbatch, counted from 0.
    init(
        step: Int, loss: Double, at nonFinite: NonFinite?, sample: (_ localMicrobatch: Int, _ row: Int) -> Int
    ) {
        self.step = step
        let became = "the loss became \(Self.text(loss)) in step \(step + 1)"
        func shown(_ localMicrobatch: Int, _ row: Int) -> String {
            "sample \(sample(localMicrobatch, row)) of the training set (the first is 0)"
        }
        description =
            switch nonFinite {
            case .input(let localMicrobatch, let row, let column, let value):
                "\(became): \(shown(localMicrobatch, row)) has \(Self.text(Double(value))) in column "
                    + "\(column) of what the network reads; repair or remove the sample"
            case .layer(let name, let localMicrobatch, let row, let value):
                "\(became): layer `\(name)` is the first to give \(Self.text(Double(value))), "
                    + "for \(shown(localMicrobatch, row)); \(Self.advice)"
            case .loss(let localMicrobatch, let row):
                "\(became): the model's output for \(shown(localMicrobatch, row)) is too far from its "
                    + "target, or the target is no finite number; check the sample, \(Self.advice)"
            case nil: "\(became), though every layer's values are finite: \(Self.advice)"
            }
    }

    /// A NaN's sign means nothing.
    private static func text(_ value: Double) -> String { value.isNaN ? "NaN" : value < 0 ? "-Inf" : "Inf" }
}
