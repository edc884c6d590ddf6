import Kernels

/// Samples without meaning, for measurements: bytes and class labels, the same on every machine.
package struct MadeUpData: Equatable, Sendable {
    /// `[columns]`, or of images `[height, width, channels]`.
    package var shape: [Int]
    package var classes: Int
    package var samples: Int

    package init(shape: [Int], classes: Int, samples: Int) {
        (self.shape, self.classes, self.samples) = (shape, classes, samples)
    }

    package var form: DatasetForm {
        DatasetForm(elementType: .uint8, sampleShape: shape, count: samples, targets: .numbered(classes))
    }

    /// Which draws make a data set.
    package enum Part: Int, Sendable {
        case train, other
    }
}

extension Dataset {
    /// A data set of this form whose values are drawn from fixed numbers: bytes from 0 to 255, floats and target values in [0, 1), labels of any class.
    package static func madeUp(_ form: DatasetForm, part: MadeUpData.Part = .train) throws -> Dataset {
        func stream(_ what: Int) -> RandomStream {
            RandomStream(seed: 0, purpose: .synthetic, major: part.rawValue, minor: what)
        }
        return try build(form) { features, targets in
            switch form.elementType {
            case .uint8: drawBytes(stream(0), into: features)
            case .float32: drawFloats(stream(0), into: features.bindMemory(to: Float.self))
            }
            switch form.targets {
            case .classes(let names):
                var random = stream(1)
                let labels = targets.bindMemory(to: Int32.self)
                for i in labels.indices { labels[i] = Int32(random.below(names.count)) }
            case .values: drawFloats(stream(1), into: targets.bindMemory(to: Float.self))
            case .absent: break
            }
        }
    }

    /// The stream's bytes, 16 of each block.
    private static func drawBytes(_ stream: RandomStream, into bytes: UnsafeMutableRawBufferPointer) {
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let block = stream.block(UInt64(start / 16))
            for i in start..<min(bytes.count, start + 16) {
                bytes[i] = UInt8(truncatingIfNeeded: block[(i - start) / 4] >> UInt32(8 * (i & 3)))
            }
        }
    }

    /// Multiples of 2⁻²⁴ in [0, 1), a word of the stream each.
    private static func drawFloats(_ stream: RandomStream, into values: UnsafeMutableBufferPointer<Float>) {
        for start in stride(from: 0, to: values.count, by: 4) {
            let block = stream.block(UInt64(start / 4))
            for i in start..<min(values.count, start + 4) {
                values[i] = Float(block[i - start] >> 8) * 0x1p-24
            }
        }
    }
}
