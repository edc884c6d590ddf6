import TestSupport
import Testing

/// The lines `CASE NAME VALUE…` of a file in Tests/Fixtures/metrics; make_fixtures.py there says what they
/// are.
struct MetricsFixture {
    private var values: [String: [String: [Double]]] = [:]
    private(set) var cases: [String] = []

    init(_ file: String) throws {
        for line in try ProjectFiles.text("Tests/Fixtures/metrics/\(file)").split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if values[words[0]] == nil { cases.append(words[0]) }
            values[words[0], default: [:]][words[1]] = words.dropFirst(2).compactMap { Double($0) }
        }
        try #require(!cases.isEmpty)
    }

    func has(_ name: String, in example: String) -> Bool { values[example]?[name] != nil }

    func list(_ name: String, of example: String) throws -> [Double] {
        try #require(values[example]?[name], "\(example) has \(name)")
    }

    func number(_ name: String, of example: String) throws -> Double {
        try #require(try list(name, of: example).first)
    }
}

/// Whether a value is the expected one to 1e-9; nan stands for what is not defined.
func agrees(_ value: Double?, _ expected: Double) -> Bool {
    guard let value, !expected.isNaN else { return value == nil && expected.isNaN }
    return (value - expected).magnitude <= 1e-9 * max(1, expected.magnitude)
}
