import Checkpoints
import Cluster
import Configuration
import Datasets
import Jobs
import Runs
import TestSupport
import Testing
import Training

/// The state that resuming needs goes through the manifest unchanged, to the last bit.
@Suite struct CheckpointStateTests {
    static let state = CheckpointState(
        data: "ab12",
        normalization: Normalization(
            kind: .zScore, shift: [0.1, -0.0, .leastNonzeroMagnitude, 1e30],
            factor: [1 / 3, 1, .greatestFiniteMagnitude, 7]),
        encoding: DataEncoding(classNames: ["a", "ü\n\"", ""]),
        epochTotals: [0.1 + 0.2, .leastNonzeroMagnitude, 12_345_678_901],
        platform: "x86_64-Zen-1",
        isExact: false)

    private func roundTrip(_ state: ConfigValue) throws -> CheckpointState {
        let directory = try TemporaryDirectory()
        let tensor = [Float(1), 2].withUnsafeBytes { NamedTensor("w", .float32, shape: [2], copying: $0) }
        let store = CheckpointStore(directory: directory.file("checkpoints"))
        let entry = try store.write(step: 4, model: [tensor], optimizer: [], state: state)
        return try CheckpointState(Checkpoint(path: entry.path))
    }

    @Test func roundTrips() async throws { try await onThread { try roundTripsOnThread() } }

    private func roundTripsOnThread() throws {
        let back = try roundTrip(Self.state.value)
        #expect(back == Self.state)
        #expect(back.epochTotals.map(\.bitPattern) == Self.state.epochTotals.map(\.bitPattern))
        #expect(
            back.normalization.shift.map(\.bitPattern) == Self.state.normalization.shift.map(\.bitPattern))
        var plain = Self.state
        (plain.encoding.classNames, plain.isExact) = (nil, true)
        plain.encoding.table = TableEncoding(
            format: CSVFormat(hasHeader: false, delimiter: .tab, missing: ["", "\"-\""]), missingCells: .mean,
            columns: [
                TableEncoding.Column(name: "1", kind: .number(fill: 0.1, offset: 0)),
                TableEncoding.Column(name: "2", kind: .categories(["ü", ""], fill: 1)),
            ], target: .classes(column: "3", names: ["no", "yes"]))
        #expect(try roundTrip(plain.value) == plain)
        var array = Self.state
        array.encoding.offsets = ArrayOffsets(features: [1_700_000_031.5, 0, 0.1 + 0.2], targets: [-1e12])
        #expect(try roundTrip(array.value) == array)
    }

    @Test(arguments: ["data", "normalization", "epoch_totals", "platform", "exact"])
    func missingFields(name: String) throws {
        let members = (Self.state.value.members ?? []).filter { $0.key != name }.map { ($0.key, $0.value) }
        #expect(throws: CheckpointError.self) { try roundTrip(.object(members)) }
    }

    @Test func wrongValues() throws {
        func with(_ name: String, _ value: ConfigValue) -> ConfigValue {
            .object((Self.state.value.members ?? []).map { ($0.key, $0.key == name ? value : $0.value) })
        }
        #expect(throws: CheckpointError.self) {
            try roundTrip(with("epoch_totals", .array([.int(1), .string("2")])))
        }
        #expect(throws: CheckpointError.self) { try roundTrip(with("exact", .string("yes"))) }
        // More than a Float holds.
        let large = ConfigValue.object([
            ("kind", .string("z_score")), ("shift", .array([.number(1e300)])), ("factor", .array([.int(1)])),
        ])
        #expect(throws: CheckpointError.self) { try roundTrip(with("normalization", large)) }
        #expect(throws: CheckpointError.self) {
            try roundTrip(
                with(
                    "normalization",
                    .object([
                        ("kind", .string("z_score")), ("shift", .array([])), ("factor", .array([.int(1)])),
                    ])))
        }
    }

    /// The identity of data is its content's: it changes with any sample.
    @Test func identityOfData() throws {
        let spec = DataSpec(train: .digits, validation: .digits)
        let data = try DecodedData(reading: spec)
        #expect(
            try CheckpointState.identity(of: data) == CheckpointState.identity(of: DecodedData(reading: spec))
        )
        let other = DecodedData(
            train: data.train, validation: nil, test: data.validation, normalization: data.normalization)
        #expect(CheckpointState.identity(of: other) != CheckpointState.identity(of: data))
    }
}
