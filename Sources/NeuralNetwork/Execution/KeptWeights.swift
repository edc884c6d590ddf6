import Kernels

/// A layer's weights in the form in which its kernels read them, for networks whose parameters never change.
final class KeptWeights {
    private let buffer: FloatBuffer
    private var isReady = false

    init(count: Int) { buffer = FloatBuffer(count: count) }

    /// The weights, which `prepare` writes the first time.
    func values(_ prepare: (UnsafeMutablePointer<Float>) -> Void) -> UnsafePointer<Float> {
        if !isReady { prepare(buffer.pointer) }
        isReady = true
        return UnsafePointer(buffer.pointer)
    }
}
