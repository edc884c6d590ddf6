import Datasets
import Kernels
import System
import Testing

@Suite struct AugmentationTests {
    /// An image of one channel whose pixels all differ.
    static func image(_ height: Int, _ width: Int) -> [UInt8] { (0..<height * width).map { UInt8($0 + 1) } }

    static func dataset(_ images: [[UInt8]], _ height: Int, _ width: Int) throws -> Dataset {
        try Dataset.make(
            bytes: images.flatMap { $0 }, sampleShape: [height, width, 1], labels: images.map { _ in 0 },
            classNames: ["a"])
    }

    static func augmentation(_ change: (inout Augmentation) -> Void) -> Augmentation {
        var augmentation = Augmentation()
        change(&augmentation)
        return augmentation
    }

    private func write(_ augmenter: Augmenter, _ size: Int, sample: Int = 0, epoch: Int = 0) -> [Float] {
        var row = [Float](repeating: -1, count: size)
        augmenter.write(sample: sample, epoch: epoch, into: &row)
        return row
    }

    // MARK: - Against PyTorch

    @Test func warpsAreThoseOfGridSample() throws {
        let fixture = try Fixture("warps.txt")
        #expect(fixture.cases.count == 9)
        for name in fixture.cases {
            let operations = fixture["\(name)/operations"]
            let image = fixture["\(name)/image"]
            let warped = fixture["\(name)/warped"]
            let o = operations.values.map { Double($0) }
            let map = Augmentation.map(
                flip: .init(o[0] == 1, o[1] == 1), scale: .init(o[2], o[3]), shear: o[4], rotation: o[5],
                shift: .init(o[6], o[7]))
            var result = [Float](repeating: -1, count: image.values.count)
            let shape = ImageWarp.Shape(
                height: image.shape[0], width: image.shape[1], channels: image.shape[2])
            ImageWarp.warp(
                image.values, shape, map, fill: Array(repeating: 0, count: image.shape[2]), into: &result)
            let worst = zip(result, warped.values).map { abs($0 - $1) }.max() ?? 1
            #expect(worst <= 1e-6, "\(name): \(worst)")
        }
    }

    // MARK: - Closed forms

    /// A quarter turn moves every pixel of a square exactly onto another pixel.
    @Test(arguments: [90.0, 180, 270, -90, 360]) func quarterTurns(angle: Double) throws {
        for side in [5, 6] {
            let image = Self.image(side, side)
            let augmenter = Augmenter(
                Self.augmentation { $0.rotation = angle...angle }, of: try Self.dataset([image], side, side),
                seed: 1)
            let expected = (0..<side * side).map { place -> Float in
                var (y, x) = (place / side, place % side)
                // Quarter turns back, clockwise as seen, lead from the position in the result to the source.
                for _ in 0..<((Int(angle) / 90 + 4) % 4) { (y, x) = (x, side - 1 - y) }
                return Float(image[y * side + x])
            }
            #expect(write(augmenter, side * side) == expected)
        }
    }

    @Test func everyWindowOfThePaddedImageIsCutOut() throws {
        let image = Self.image(4, 5)
        let augmenter = Augmenter(
            Self.augmentation {
                $0.cropPadding = .init(1, 2)
                $0.fill = .value(99)
            }, of: try Self.dataset([image], 4, 5), seed: 3)
        var windows: Set<[Float]> = []
        for top in 0...4 {
            for left in 0...2 {
                windows.insert(
                    (0..<20).map { place in
                        let (y, x) = (place / 5 + top - 2, place % 5 + left - 1)
                        return (0..<4).contains(y) && (0..<5).contains(x) ? Float(image[y * 5 + x]) : 99
                    })
            }
        }
        #expect(windows.count == 15)
        #expect(Set((0..<300).map { write(augmenter, 20, epoch: $0) }) == windows)
    }

    /// With several channels each one has its own mean outside.
    @Test func theOutsideIsFilled() throws {
        let data = try Dataset.make(
            floats: [1, 10, 3, 30, 5, 50, 7, 70], sampleShape: [1, 2, 2], labels: [0, 0], classNames: ["a"])
        // The shift is one pixel of two, to the right or the left, or none; the means are 4 and 40.
        func seen(_ fill: Augmentation.Fill) -> Set<[Float]> {
            let augmentation = Self.augmentation {
                $0.cropPadding = .init(1, 0)
                $0.fill = fill
            }
            let augmenter = Augmenter(augmentation, of: data, seed: 2)
            return Set((0..<60).map { write(augmenter, 4, epoch: $0) })
        }
        #expect(seen(.mean) == [[1, 10, 3, 30], [4, 40, 1, 10], [3, 30, 4, 40]])
        #expect(seen(.edge) == [[1, 10, 3, 30], [1, 10, 1, 10], [3, 30, 3, 30]])
        #expect(seen(.value(0.5)) == [[1, 10, 3, 30], [0.5, 0.5, 1, 10], [3, 30, 0.5, 0.5]])
    }

    @Test func nothingIsClippedOrRounded() throws {
        let augmenter = Augmenter(
            Self.augmentation { $0.brightness = 0.5 }, of: try Self.dataset([[200, 255, 0, 100]], 2, 2),
            seed: 1)
        let draws = (0..<200).map { write(augmenter, 4, epoch: $0) }
        for row in draws {
            let factor = row[3] / 100
            #expect(row[2] == 0 && abs(row[1] - 255 * factor) < 1e-4 && (0.5...1.5).contains(factor))
        }
        #expect(draws.contains { $0[1] > 350 })
    }

    // MARK: - Draws

    /// Draws cover their ranges up to the ends, evenly: means and variances are those of uniform draws.
    @Test func drawsAreUniform() {
        let all = Self.augmentation {
            ($0.cropPadding, $0.translation) = (.init(2, 0), .init(0.1, 0))
            ($0.brightness, $0.contrast) = (0.2, 3)
            $0.horizontalFlip = 0.3
        }
        let draws = (0..<20_000).map { all.draw(seed: 9, epoch: 4, sample: $0, height: 20, width: 30) }
        func check(_ values: [Double], mean: Double, variance: Double, _ range: ClosedRange<Double>) {
            let count = Double(values.count)
            let measured = values.reduce(0, +) / count
            let spread = values.reduce(0) { $0 + ($1 - measured) * ($1 - measured) } / count
            #expect(abs(measured - mean) < 4 * (variance / count).squareRoot())
            #expect(abs(spread - variance) < 0.03 * variance)
            let (least, most) = (values.min() ?? 0, values.max() ?? 0)
            #expect(range.contains(least) && range.contains(most))
            #expect(least - range.lowerBound < 1e-2 && range.upperBound - most < 1e-2)
        }
        check(draws.map { Double($0.brightness) }, mean: 1, variance: 0.16 / 12, 0.8...1.2000001)
        check(draws.map { Double($0.contrast) }, mean: 2, variance: 16.0 / 12, 0...4)
        check(draws.map { $0.map.xx < 0 ? 1 : 0 }, mean: 0.3, variance: 0.21, 0...1)
        // Rounded shifts lie in −3 … 3 (the outer two are half as likely), and those of the crop in −2 … 2.
        check(draws.map { $0.map.xx * $0.map.x0 }, mean: 0, variance: 19.0 / 6 + 2, -5...5)
        #expect(draws.allSatisfy { $0.map.y0 == 0 && $0.map.yy == 1 && $0.map.xy == 0 })

        let angles = Self.augmentation {
            $0.rotation = -10...30
            $0.scale = 0.5...2
            $0.stretch = 0.5...2
        }
        let maps = (0..<20_000).map { angles.draw(seed: 9, epoch: 4, sample: $0, height: 20, width: 30).map }
        // (xx, xy) = (cos, −sin) / scale x, (yx, yy) = (sin, cos) / scale y
        let scales = maps.map {
            (
                x: 1 / ($0.xx * $0.xx + $0.xy * $0.xy).squareRoot(),
                y: 1 / ($0.yx * $0.yx + $0.yy * $0.yy).squareRoot()
            )
        }
        check(
            scales.map { ($0.x * $0.y).squareRoot() }, mean: 1.25, variance: 2.25 / 12,
            (0.5 - 1e-9)...(2 + 1e-9))
        check(scales.map { $0.x / $0.y }, mean: 1.25, variance: 2.25 / 12, (0.5 - 1e-9)...(2 + 1e-9))
        // Half of the angles are above 10°; θ > a where sin(θ − a) > 0.
        func above(_ angle: Double) -> Double {
            let (sine, cosine) = (
                ScalarMath.sin(angle * Double.pi / 180), ScalarMath.cos(angle * Double.pi / 180)
            )
            return Double(maps.count { $0.yx * cosine - $0.yy * sine > 0 }) / 20_000
        }
        #expect(above(-10.001) == 1 && above(30.001) == 0 && abs(above(10) - 0.5) < 0.015)
    }

    /// A sample does not depend on the order of the calls. It differs in the next epoch and with another
    /// seed. The draws of one operation do not depend on the others.
    @Test func drawsArePureFunctions() throws {
        let data = try Digits.load().train
        let some = Self.augmentation {
            $0.rotation = -10...10
            $0.brightness = 0.2
            $0.cropPadding = .init(1, 1)
            $0.horizontalFlip = 0.5
        }
        let augmenter = Augmenter(some, of: data, seed: 5)
        let again = Augmenter(some, of: data, seed: 5)
        let other = Augmenter(some, of: data, seed: 6)
        let forth = (0..<50).map { write(augmenter, 64, sample: $0, epoch: 7) }
        let back = (0..<50).reversed().map { write(again, 64, sample: $0, epoch: 7) }
        #expect(forth == back.reversed())
        for sample in 0..<50 {
            #expect(forth[sample] != write(augmenter, 64, sample: sample, epoch: 8))
            #expect(forth[sample] != write(other, 64, sample: sample, epoch: 7))
        }
        var more = some
        (more.scale, more.shear, more.contrast, more.verticalFlip) = (0.5...2, -9...9, 1, 1)
        for sample in 0..<50 {
            let (few, many) = [some, more].map {
                $0.draw(seed: 5, epoch: 7, sample: sample, height: 8, width: 8)
            }.pair
            #expect(few.brightness == many.brightness)
            #expect((few.map.xx < 0) == (many.map.xx < 0))
        }
    }

    @Test func nothingAskedNothingDone() throws {
        let data = try Digits.load().train
        let augmenter = Augmenter(Augmentation(), of: data, seed: 1)
        var rows = [Float](repeating: 0, count: 20 * 64)
        data.gather(Array(0..<20)[...], normalization: Normalization(.none, of: data), into: &rows)
        #expect((0..<20).flatMap { write(augmenter, 64, sample: $0, epoch: $0) } == rows)
    }
}

extension [AugmentationDraw] {
    fileprivate var pair: (AugmentationDraw, AugmentationDraw) { (self[0], self[1]) }
}

/// A file of Tests/Fixtures/augmentation; make_fixtures.py there describes it.
private struct Fixture {
    typealias Tensor = (shape: [Int], values: [Float])
    private var tensors: [String: Tensor] = [:]
    private(set) var cases: [String] = []

    init(_ name: String) throws {
        let folder = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        for line in try File.readText("\(folder)/Fixtures/augmentation/\(name)", limit: 1 << 20).split(
            separator: "\n")
        {
            let words = line.split(separator: " ")
            let shape = words[1].split(separator: "x").compactMap { Int($0) }
            let values = words.dropFirst(2).compactMap { UInt32($0, radix: 16) }.map { Float(bitPattern: $0) }
            try #require(
                values.count == shape.reduce(1, *), "\(words[0]) has as many values as its shape says")
            tensors[String(words[0])] = (shape, values)
            let name = words[0].split(separator: "/")[0]
            if cases.last != String(name) { cases.append(String(name)) }
        }
    }

    subscript(name: String) -> Tensor { tensors[name] ?? ([], []) }
}
