import Kernels

/// The targets of the local microbatches: class labels, values, or labels with their one-hot values. For
/// example, label 2 of 4 classes has the values 0, 0, 1, 0. A negative label does not count.
package final class BatchTargets {
    package let areClasses: Bool
    /// Whether a sample's target is what the network reads of it.
    package let areInputs: Bool
    /// The image whose channels come first in the targets, because the network's output is flat; nil where
    /// the targets have the order of the input.
    package let movedImage: TensorShape?
    private let width: Int
    private let rows: Int
    private let labelStorage: UnsafeMutablePointer<Int32>
    private let valueStorage: MicrobatchMatrix?

    /// - Parameters:
    ///   - width: values per sample; nil if the loss needs labels alone.
    ///   - areClasses: whether the targets are class labels.
    ///   - areInputs: whether they are the samples themselves.
    ///   - movedImage: the shape of samples whose channels come first in the targets (`movedImage`).
    package init(
        localMicrobatches: Int, rows: Int, width: Int?, areClasses: Bool, areInputs: Bool = false,
        movedImage: TensorShape? = nil
    ) {
        self.areClasses = areClasses
        self.areInputs = areInputs
        self.movedImage = movedImage
        self.width = width ?? 0
        self.rows = rows
        labelStorage = .allocate(capacity: max(1, localMicrobatches * rows))
        labelStorage.initialize(repeating: 0, count: max(1, localMicrobatches * rows))
        valueStorage = width.map {
            MicrobatchMatrix(localMicrobatches: localMicrobatches, rows: rows, width: $0)
        }
    }

    deinit { labelStorage.deallocate() }

    package func labels(_ localMicrobatch: Int) -> UnsafeMutablePointer<Int32> {
        labelStorage + localMicrobatch * rows
    }

    package func values(_ localMicrobatch: Int) -> UnsafeMutablePointer<Float> {
        guard let valueStorage else { preconditionFailure("these targets were made without values") }
        return valueStorage.row(localMicrobatch)
    }

    package var hasValues: Bool { valueStorage != nil }

    /// Writes the values of the labels of `count` samples in `localMicrobatch`: one-hot ones, or for a single
    /// output the label itself.
    package func expandLabels(_ localMicrobatch: Int, count: Int) {
        let (from, to) = (labels(localMicrobatch), values(localMicrobatch))
        if width == 1 {
            for r in 0..<count { to[r] = Float(from[r]) }
            return
        }
        for i in 0..<(count * width) { to[i] = 0 }
        for r in 0..<count { to[r * width + Int(from[r])] = 1 }
    }
}
