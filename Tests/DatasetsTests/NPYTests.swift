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
            let dataset = try Dataset.npy(features: path("\(type)-\(order)"), targets: nil).dataset
            #expect(dataset.rows == expected, "\(type) \(order)")
            #expect(dataset.sampleShape == [2, 3, 2] && dataset.count == 4)
            #expect(dataset.form.elementType == (type == "b1" || type == "u1" ? .uint8 : .float32))
        }
    }

    @Test func channelsFirstBecomeChannelsLast() throws {
        for type in ["u1", "f4"] {
            let planar = try Dataset.npy(features: path("\(type)-little"), targets: nil, layout: .nchw)
                .dataset
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
            try Dataset.npy(features: path("version2"), targets: path(targets), classes: classes).dataset
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
                _ = try Dataset.npy(
                    features: path("version2"), targets: path("labels"), classNames: ["0", "1"])
            }
                == "`labels.npy` has the class 2 for sample 0, outside 0…1; check it, or the number of"
                + " the first"
                + " class (`first_class`), or use `classes: false` for values"
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
        #expect(read(path("text")).hasPrefix("`text.npy` holds texts; features are numbers:"))
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

    /// Arrays of other things than numbers: the fault and the cure are named. The files are NumPy's.
    @Test(
        arguments: [
            ("complex", "holds complex numbers; write their .real and .imag as columns of their own"),
            ("dates", "holds dates or durations; numbers can be read: convert it with .astype(\"int64\")"),
            ("long-floats", "holds long floats of the type `<f16`; numbers can be read: convert it with"),
            ("bytes", "holds records or raw bytes; save plain arrays of numbers, one per file"),
            (
                "dictionary",
                "holds a single value, such as a dictionary or a list of arrays that was"
                    + " saved whole;"
            ),
            ("scalar", "holds a single value, such as a dictionary"),
            (
                "archive",
                "is an archive of arrays (.npz) or of PyTorch; write each array to a file of its"
                    + " own,"
            ),
            ("pickle", "is a Python pickle; load it in Python and write its arrays with numpy.save"),
            ("pointer", "is a Git LFS pointer, not the file itself; run `git lfs pull`"),
            ("page", "is a web page: its download failed; download it again"),
            ("hdf5", "is an HDF5 file; write its arrays with numpy.save"),
        ]) func whatIsNoArrayOfNumbers(name: String, part: String)
    {
        for role in ["features", "targets"] {
            let error = message {
                _ = try Dataset.npy(
                    features: path(role == "features" ? name : "version2"),
                    targets: role == "targets" ? path(name) : nil)
            }
            #expect(error.hasPrefix("`\(name).npy` \(part)"), "\(error)")
        }
    }

    /// Texts are classes, whichever of NumPy's types holds them.
    @Test(arguments: ["words", "words-big", "words-bytes"]) func textsAreClasses(name: String) throws {
        let (dataset, _, notes) = try Dataset.npy(features: path("version2"), targets: path(name))
        let isASCII = name == "words-bytes"
        #expect(dataset.classNames == (isASCII ? ["bird", "cat", "dog"] : ["bird", "cat", "ünï猫"]))
        #expect(Array(dataset.labels) == [2, 1, 0, 2] && notes.isEmpty)
        let again = try Dataset.npy(
            features: path("version2"), targets: path(name),
            classNames: dataset.classNames.map { ["ant"] + $0 })
        #expect(Array(again.dataset.labels) == [3, 2, 1, 3])
        #expect(
            message {
                _ = try Dataset.npy(
                    features: path("version2"), targets: path(name), classNames: ["cat", "bird"])
            }.contains("for sample 0, which the training data do not have;"))
        #expect(
            message { _ = try Dataset.npy(features: path("version2"), targets: path(name), classes: false) }
                == "`\(name).npy` holds texts, which are classes; leave out `classes: false`")
    }

    /// Targets that could be meant in two ways: how they are read, and what is said.
    @Test(
        arguments: [
            ("float-labels", nil, [], ["values_like_classes"]), ("float-labels", true, [1, 0, 0, 1], []),
            ("one-hot", nil, [], ["values_like_classes"]), ("one-hot", true, [2, 0, 1, 2], []),
            ("one-hot-int", nil, [], ["values_like_classes"]), ("one-hot-int", true, [2, 0, 1, 2], []),
            ("one-hot-bool", true, [2, 0, 1, 2], []), ("values", nil, [], []), ("values", false, [], []),
            ("float-labels", false, [], []), ("one-hot", false, [], []),
            ("bool-labels", nil, [1, 0, 0, 1], []),
            ("labels-from-1", nil, [1, 2, 3, 1], ["labels_begin_later"]),
            (
                "gaps", nil, [0, 5, 0, 5],
                ["classes_without_samples"]
            ), ("column", nil, [2, 0, 1, 2], []),
        ] as [(String, Bool?, [Int32], [String])])
    func classesOrValues(name: String, classes: Bool?, labels: [Int32], kinds: [String]) throws {
        let (dataset, _, notes) = try Dataset.npy(
            features: path("version2"), targets: path(name), classes: classes)
        #expect(Array(dataset.labels) == labels)
        #expect(notes.map(\.kind) == kinds)
        #expect(
            notes.allSatisfy {
                $0.kind != "values_like_classes"
                    || $0.cure == "if they are classes:"
                        + " `classes: true`"
            })
    }

    @Test func targetsOfAnotherForm() {
        func error(_ targets: String, _ classes: Bool? = nil) -> String {
            message {
                _ = try Dataset.npy(features: path("version2"), targets: path(targets), classes: classes)
            }
        }
        #expect(
            error("row").hasSuffix(
                "has the shape [1, 4], but `version2.npy` 4 samples; give targets"
                    + " [N] or [N, W], such as y.reshape(-1)"))
        #expect(error("signed").hasSuffix("write the classes as 0 and 1, such as (y + 1) // 2"))
        #expect(error("float-classes", true).contains("holds 0.5 at 1, which is no class"))
        #expect(error("empty-word").contains("has an empty text for sample 1"))
    }

    /// The axis of the channels is told by its length.
    @Test func theOtherLayoutIsNamed() throws {
        for (name, layout, cure) in [
            ("planes", Dataset.ImageLayout.nhwc, "nchw"), ("pixels", .nchw, "nhwc"),
        ] {
            let notes = try Dataset.npy(features: path(name), targets: nil, layout: layout).notes
            #expect(notes.map(\.kind) == ["image_layout"])
            #expect(notes.first?.cure == "if the channels are the axis of 3: `layout: \"\(cure)\"`")
            let other: Dataset.ImageLayout = layout == .nhwc ? .nchw : .nhwc
            #expect(try Dataset.npy(features: path(name), targets: nil, layout: other).notes.isEmpty)
        }
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
                    == "`great.npy` has the class \(greatest); there may be 10,000 classes, counted from"
                    + " 0; check it,"
                    + " or the number of the first class (`first_class`), or use `classes: false` for values"
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
