import NeuralNetwork
import Testing

/// Sizes as PyTorch computes them, and what is said where a window does not fit.
@Suite struct WindowTests {
    private static func output(_ window: Window, _ height: Int, _ width: Int, pools: Bool = false) throws
        -> [Int]
    {
        let geometry = try window.geometry(on: TensorShape([height, width, 2]), name: "layer", pools: pools)
        return [geometry.outputHeight, geometry.outputWidth]
    }

    @Test func sizes() throws {
        // AlexNet's stem, VGG's layers, ResNet's stem and its pool, and a rectangle.
        #expect(
            try Self.output(
                Window(11, stride: 4, padding: .explicit(top: 2, bottom: 2, left: 2, right: 2)), 224, 224)
                == [55, 55])
        #expect(try Self.output(Window(3, stride: 2), 55, 55, pools: true) == [27, 27])
        #expect(try Self.output(Window(3, stride: 1, padding: .same), 7, 224) == [7, 224])
        #expect(try Self.output(Window(7, stride: 2, padding: .same), 224, 225) == [112, 113])
        #expect(
            try Self.output(
                Window(3, stride: 2, padding: .explicit(top: 1, bottom: 1, left: 1, right: 1)), 112, 112,
                pools: true) == [
                    56, 56,
                ])
        #expect(try Self.output(Window((2, 5), stride: (1, 3)), 9, 5) == [8, 1])
        #expect(try Self.output(Window(2), 5, 4, pools: true) == [2, 2])
    }

    /// "same" gives ⌈n / stride⌉ for every size.
    @Test func same() throws {
        for (n, kernel, stride) in (1...7).flatMap({ n in (1...6).flatMap { k in (1...4).map { (n, k, $0) } }
        }) {
            #expect(
                try Self.output(Window(kernel, stride: stride, padding: .same), n, n) == [
                    (n + stride - 1) / stride, (n + stride - 1) / stride,
                ])
        }
        let sides = Window((4, 3), stride: (1, 1), padding: .same).sides
        #expect(sides == (top: 1, bottom: 2, left: 1, right: 1))
    }

    /// A window that begins in the last padding does not count (GoogLeNet's pools: 112 → 56 → 28).
    @Test func roundingUp() throws {
        #expect(try Self.output(Window(3, stride: 2, roundsUp: true), 112, 112, pools: true) == [56, 56])
        #expect(try Self.output(Window(2, stride: 2, roundsUp: true), 5, 4, pools: true) == [3, 2])
        #expect(
            try Self.output(
                Window(
                    2, stride: 2, padding: .explicit(top: 1, bottom: 1, left: 0, right: 0), roundsUp: true),
                5, 4, pools: true) == [
                    3, 2,
                ])
        #expect(try Self.output(Window(1, stride: 3, roundsUp: true), 5, 4, pools: true) == [2, 2])
    }

    @Test func misfits() {
        func message(_ window: Window, _ shape: [Int], pools: Bool = false) -> String? {
            do {
                _ = try window.geometry(on: TensorShape(shape), name: "conv1", pools: pools)
                return nil
            } catch { return error.description }
        }
        #expect(message(Window(3), [10])?.contains("gives 10: put it before \"flatten\"") == true)
        #expect(
            message(Window(5), [4, 6, 3])
                == "`conv1` has a window of 5×5, but the layer before it gives 4×6×3, which is smaller: "
                + "use a smaller window, padding \"same\", or fewer pools and strides before it"
        )
        #expect(
            message(Window(7, padding: .explicit(top: 1, bottom: 1, left: 1, right: 1)), [4, 9, 3])?.contains(
                "with its padding") == true)
        #expect(
            message(
                Window(2, padding: .explicit(top: 2, bottom: 0, left: 0, right: 0)), [4, 4, 3], pools: true)?
                .contains("pad by less")
                == true)
        #expect(
            message(Window(2, padding: .explicit(top: 2, bottom: 0, left: 0, right: 0)), [4, 4, 3]) == nil)
    }
}
