import Platform
import Testing

/// The tensors of one file in a folder of Tests/Fixtures; make_fixtures.py there says what they are.
struct Fixture {
    struct Tensor {
        let shape: [Int]
        let values: [Float]
    }

    private var tensors: [String: Tensor] = [:]

    init(_ name: String, in group: String = "network") throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let text = try #require(
            Self.contents("/\(folder)/Fixtures/\(group)/\(name)"), "\(name) cannot be read")
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let shape = try words[1].split(separator: "x").map { try #require(Int($0)) }
            let values = try words.dropFirst(2).map { Float(bitPattern: try #require(UInt32($0, radix: 16))) }
            try #require(
                values.count == shape.reduce(1, *), "\(words[0]) has as many values as its shape says")
            tensors[String(words[0])] = Tensor(shape: shape, values: values)
        }
    }

    func tensor(_ name: String) throws -> Tensor { try #require(tensors[name], "the fixture has \(name)") }
    subscript(name: String) -> [Float] { get throws { try tensor(name).values } }

    private static func contents(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var (bytes, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}

/// Fails unless every value is within `tolerance` of what is expected.
func expectClose(
    _ values: [Float], _ expected: [Float], tolerance: Double, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == expected.count, "\(what)", sourceLocation: sourceLocation)
    var worst = (distance: 0.0, at: 0)
    for (i, (a, b)) in zip(values, expected).enumerated() {
        let distance = abs(Double(a) - Double(b))
        if !(distance <= worst.distance) { worst = (distance.isNaN ? .infinity : distance, i) }
    }
    #expect(
        worst.distance <= tolerance, "\(what): value \(worst.at) is \(worst.distance) off",
        sourceLocation: sourceLocation)
}
