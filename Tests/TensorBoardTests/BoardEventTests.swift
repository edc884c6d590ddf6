import System
import TensorBoard
import TestSupport
import Testing

/// Event files as TensorBoard's own writer makes them: see `Tests/Fixtures/tensorboard/make_fixtures.py`.
@Suite struct BoardEventTests {
    private static let events: [BoardEvent] = {
        let scalars = [("loss/step", 0.1), ("seconds/step", 1.0 / 3), ("</script>\"'é", -0.0)]
        return [
            BoardEvent.first(time: 1_796_050_940.25),
            BoardEvent(
                time: 1_796_050_941.5, step: 12, values: scalars.map { BoardValue($0.0, .scalar($0.1)) }),
            BoardEvent(
                time: 1_796_050_942.5, step: 1 << 40,
                values: [
                    BoardValue(
                        "weights/w",
                        .histogram([
                            HistogramBucket(left: -1.5, right: 0.1, count: 3),
                            HistogramBucket(left: 0.1, right: 1.75, count: 2),
                        ])),
                    BoardValue("config", .text("    {}\n")),
                    BoardValue(
                        "samples",
                        .picture(
                            BoardValue.Picture(width: 2, height: 1, png: [0x89] + Array("PNG".utf8)))),
                ]),
        ]
    }()

    private func fixture() throws -> [UInt8] {
        try File.read(ProjectFiles.path("Tests/Fixtures/tensorboard/events.tfevents"), limit: 1 << 16)
    }

    @Test func bytesAreThoseOfTensorBoard() throws {
        #expect(try Self.events.flatMap(\.record) == fixture())
    }

    @Test func whatTensorBoardWritesIsRead() throws {
        var reader = EventReader(try fixture()[...])
        var found: [BoardEvent] = []
        while let event = try reader.next() { found.append(event) }
        #expect(found.map(\.encoded) == Self.events.map(\.encoded))
        #expect(found.map(\.time) == Self.events.map(\.time) && found.map(\.step) == [0, 12, 1 << 40])
        guard case .scalar(let zero)? = found[1].values.last?.content else {
            Issue.record("the last value is no scalar")
            return
        }
        #expect(zero.bitPattern == (-0.0).bitPattern && found[1].values.last?.tag == "</script>\"'é")
    }

    /// A file that ends anywhere gives the records that are whole.
    @Test func everyTornFile() throws {
        let bytes = try fixture()
        let ends = Self.events.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.record.count) }
        for count in 0..<bytes.count {
            var reader = EventReader(bytes[..<count])
            var found = 0
            while try reader.next() != nil { found += 1 }
            #expect(found == ends.filter { $0 > 0 && $0 <= count }.count, "\(count) bytes")
        }
    }

    /// No changed byte goes unnoticed: it is an error, or what follows is no record.
    @Test func everyDamagedByte() throws {
        let bytes = try fixture()
        let whole = Self.events.map(\.encoded)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            var reader = EventReader(damaged[...])
            var found: [[UInt8]] = []
            do { while let event = try reader.next() { found.append(event.encoded) } } catch is SystemError {}
            #expect(found.count < whole.count && found == Array(whole.prefix(found.count)), "byte \(index)")
        }
    }

    /// Files are read in pieces, also where a record is larger than a piece.
    @Test func largeFiles() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("events")
        let file = try AppendFile(path)
        let large = BoardValue.Picture(width: 1, height: 1, png: [UInt8](repeating: 7, count: 3 << 20))
        var expected: [Int] = []
        for step in 0..<3000 {
            let values =
                step % 1000 == 500
                ? [BoardValue("samples", .picture(large))]
                : (0..<20).map { BoardValue("loss/\($0)", .scalar(Double(step))) }
            try file.append(bytes: BoardEvent(time: 1, step: step, values: values).record)
            expected.append(step)
        }
        try file.append(bytes: [1, 2, 3])
        var found: [Int] = []
        try EventFile.forEach(in: path) { found.append($0.step) }
        #expect(found == expected)
    }
}
