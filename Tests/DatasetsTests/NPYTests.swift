import Datasets
import System
import TestSupport
import Testing

@Suite struct NPYTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func path(_ name: String) -> String { ReaderFixtures.path("npy/\(name).npy") }

    private func message(_ body: () throws -> Void) -> String {
        complaint(in: directory, body).replacing(ReaderFixtures.path("npy/"), with: "")
    }

    /// Arrays [4, 2, 3, 2] of every type, in both byte orders, row- and column-major, give the values that
    /// NumPy converts them to.
    @Test(arguments: ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])
    func everyTypeIsRead(type: String) throws {
        let expected = try ReaderFixtures.floats("npy/\(type).f32")
        for order in type.hasSuffix("1") ? ["little"] : ["little", "big"] {
            let dataset = try Dataset.npy(features: path("\(type)-\(order)"), targets: nil)
            #expect(dataset.rows == expected, "\(type) \(order)")
            #expect(dataset.sampleShape == [2, 3, 2] && dataset.count == 4)
            #expect(dataset.form.elementType == (type == "b1" || type == "u1" ? .uint8 : .float32))
        }
    }

    @Test func channelsFirstBecomeChannelsLast() throws {
        for type in ["u1", "f4"] {
            let planar = try Dataset.npy(features: path("\(type)-little"), targets: nil, layout: .nchw)
            #expect(planar.sampleShape == [3, 2, 2])
            let (source, rows) = (try ReaderFixtures.floats("npy/\(type).f32"), planar.rows)
            for n in 0..<4 {
                for c in 0..<2 {
                    for y in 0..<3 {
                        for x in 0..<2 {
                            #expect(
                                rows[((n * 3 + y) * 2 + x) * 2 + c] == source[((n * 2 + c) * 3 + y) * 2 + x])
                        }
                    }
                }
            }
        }
    }

    @Test func targets() throws {
        func read(_ targets: String, _ classes: Bool? = nil) throws -> Dataset {
            try Dataset.npy(features: path("version2"), targets: path(targets), classes: classes)
        }
        let labelled = try read("labels")
        #expect(labelled.rows == (0..<8).map { Float($0) } && labelled.sampleShape == [2])
        #expect(labelled.classNames == ["0", "1", "2"] && Array(labelled.labels) == [2, 0, 1, 2])
        #expect(Array(try read("labels", false).values) == [2, 0, 1, 2])
        let valued = try read("values")
        #expect(
            valued.form.targets == .values(width: 2)
                && Array(valued.values) == [0.5, -1, 2, 3, 1e-3, 4, 0, 0])
        #expect(
            message { _ = try read("values", true) }.contains("has the shape [4, 2], but classes are [N]"))
        #expect(
            message {
                _ = try Dataset.npy(features: path("version2"), targets: path("labels"), classCount: 2)
            }
                == "`labels.npy` has the class 2 for sample 0, outside 0…1; check it, or use `classes:"
                + " false` for values"
        )
    }

    @Test func whatCannotBeReadIsNamed() throws {
        func read(_ path: String) -> String { message { _ = try Dataset.npy(features: path, targets: nil) } }
        #expect(
            read(path("objects"))
                == "`objects.npy` holds Python objects; numbers can be read:"
                + " convert it with .astype(\"float32\")"
        )
        #expect(
            read(path("records"))
                == "`records.npy` holds records of several fields; save plain arrays of numbers, one per file"
        )
        #expect(read(path("text")).hasPrefix("`text.npy` holds elements of type `<U2`;"))
        let whole = try File.read(path("f4-little"), limit: 9_999)
        for count in 0..<whole.count {
            try File.writeAtomically(Array(whole[..<count]), to: directory.file("cut"))
            #expect(read(directory.file("cut")).hasPrefix("`cut` "), "\(count)")
        }
        try File.writeAtomically(whole + [0], to: directory.file("long"))
        #expect(
            read(directory.file("long")).hasPrefix(
                "`long` goes on after the values that its shape [4, 2, 3, 2] asks for"))
        var infinite = whole
        infinite.replaceSubrange(infinite.count - 8..<infinite.count - 4, with: [0, 0, 0x80, 0x7F])
        try File.writeAtomically(infinite, to: directory.file("infinite"))
        #expect(
            read(directory.file("infinite"))
                == "`infinite` holds inf at [3, 1, 2, 0] (counted from 0); training needs finite numbers:"
                + " clean the data"
        )
    }

    @Test func greatClasses() throws {
        func classes(_ greatest: Int64) throws -> String {
            let header = Array("{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }".utf8)
            let values = [0, 1, greatest, 0].flatMap { value in
                withUnsafeBytes(of: value.littleEndian) { Array($0) }
            }
            try File.writeAtomically(
                [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + values,
                to: directory.file("great.npy"))
            return message {
                _ = try Dataset.npy(features: path("version2"), targets: directory.file("great.npy"))
            }
        }
        for greatest in [Int64.max, 1 << 40, 10_000] {
            #expect(
                try classes(greatest)
                    == "`great.npy` has the class \(greatest); classes are counted from 0: use `classes:"
                    + " false` for values"
            )
        }
        #expect(
            try classes(.min).hasPrefix(
                "`great.npy` has the class -9223372036854775808 for sample 2, outside 0…1;"))
        #expect(try classes(9_999) == "no error")
    }

    /// A header with wrong sizes or with nonsense gives a sentence, and takes no memory.
    @Test func hostileHeaders() throws {
        for header in [
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 3), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "{'descr': '<f8', 'shape': (1, 2)}",
            "{", "{'descr'", "", "}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2",
            "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1, 2)}", "((((",
        ] {
            let bytes =
                [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + [
                    1, 2, 3,
                ]
            try File.writeAtomically(bytes, to: directory.file("bad"))
            #expect(
                message { _ = try Dataset.npy(features: directory.file("bad"), targets: nil) }.hasPrefix(
                    "`bad` "), "\(header)")
        }
    }
}
