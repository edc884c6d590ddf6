import Checkpoints
import System
import TestSupport
import Testing

@Suite struct SafeTensorsTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private let small = [
        NamedTensor("fc.weight", shape: [2, 3], floats: [0, 0.25, 0.5, 0.75, 1, 1.25]),
        NamedTensor("fc.bias", shape: [2], floats: [-1.5, 3e-7]),
        NamedTensor("bn.num_batches_tracked", shape: [], int64s: [12_345_678_901]),
        NamedTensor("empty", shape: [0, 4], floats: []),
        ([1, 255] as [UInt8]).withUnsafeBytes { NamedTensor("flags", .uint8, shape: [2], copying: $0) },
    ]

    private func written(_ tensors: [NamedTensor], metadata: [String: String] = [:]) throws -> [UInt8] {
        let path = directory.file("written")
        let writer = try FileWriter(path)
        try SafeTensors.write(tensors, metadata: metadata, to: writer)
        _ = try writer.finish()
        return try File.read(path, limit: 1 << 20)
    }

    private func read(_ bytes: [UInt8]) throws -> SafeTensors {
        let path = directory.file("read")
        try File.writeAtomically(bytes, to: path)
        return try SafeTensors(path: path)
    }

    private func file(_ header: String, _ buffer: [UInt8] = []) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
            + buffer
    }

    private func fault(_ header: String, _ buffer: [UInt8] = []) throws -> String {
        do {
            _ = try read(file(header, buffer))
            return "none"
        } catch {
            return "\(error)".replacing(directory.path + "/", with: "")
        }
    }

    /// Tensors without values may have sizes that no memory holds.
    @Test func sizesThatOverflow() throws {
        for shape in [
            "[2305843009213693952,0]", "[4611686018427387904,4,0]",
            "[9223372036854775807,9223372036854775807]",
        ] {
            #expect(
                try fault(#"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#).contains(
                    "the tensor `a` has a shape that no memory holds"), "\(shape)")
        }
        #expect(
            try fault(#"{"a":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0]}}"#)
                == "none")
    }

    /// The reference implementation wrote this file (Tests/Fixtures/checkpoints/make.py).
    @Test func theReferenceFileIsReadAndWrittenByteForByte() throws {
        let tests = Path.directory(of: Path.directory(of: #filePath))
        let path = Path.join(tests, "Fixtures/checkpoints/small.safetensors")
        let reference = try SafeTensors(path: path)
        #expect(reference.metadata == ["format": "pt"])
        #expect(reference.tensors.count == 5)
        #expect(reference["fc.weight"]?.shape == [2, 3])
        #expect(reference["fc.weight"]?.floats() == [0, 0.25, 0.5, 0.75, 1, 1.25])
        #expect(reference["fc.bias"]?.floats() == [-1.5, 3e-7])
        #expect(reference["fc.bias"]?.int64s() == nil)
        #expect(reference["bn.num_batches_tracked"]?.shape == [])
        #expect(reference["bn.num_batches_tracked"]?.int64s() == [12_345_678_901])
        #expect(reference["empty"]?.shape == [0, 4])
        #expect(try written(small, metadata: ["format": "pt"]) == File.read(path, limit: 1 << 20))
    }

    @Test func strangeNamesAndNoTensorsComeBack() throws {
        let name = "läyer \"1\"\\\n\u{1F600}"
        let bytes = try written([NamedTensor(name, shape: [1], floats: [.nan])])
        #expect(try read(bytes)[name]?.floats()?[0].isNaN == true)
        #expect(try read(written([])).tensors.isEmpty)
        let twice = [NamedTensor("a", shape: [], floats: [1]), NamedTensor("a", shape: [], floats: [2])]
        #expect(throws: CheckpointError.self) { try written(twice) }
    }

    @Test func everyTruncationIsRefused() throws {
        let bytes = try written(small)
        for count in 0..<bytes.count {
            #expect(throws: CheckpointError.self) { try read(Array(bytes[..<count])) }
        }
        #expect(throws: CheckpointError.self) { try read(bytes + [0]) }
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "none"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   "#, 4, "none"),
        (#" {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "does not start with `{`"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, "bytes follow the last tensor"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "a hole precedes the tensor `a`"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
            "takes 8 bytes by its shape and 4 by its data_offsets"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
            "a shape that is not a list of sizes"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4,
            "a shape that is not a list of sizes"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4,
            "a shape that no memory holds"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4,
            "a shape that is not a list of sizes"
        ),
        (#"{"a":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}"#, 4, "the type F8_E5M2; only "),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4,
            "data_offsets that are not [begin, end)"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4, "and nothing else"),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
                + #""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8, "duplicate"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
                + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8,
            "another tensor overlaps the tensor `b`"
        ),
        (#"{"__metadata__":{"x":1}}"#, 0, "its metadata `x` is not a string"),
        (#"{"__metadata__":[]}"#, 0, "its metadata are not an object"),
        (#"{"a":1}"#, 0, "needs dtype, shape and data_offsets"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],}}"#, 4, "is not JSON at byte"),
        (#"{a:{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "is not JSON at byte 9"),
        (#"{"a":{"dtype":'F32',"shape":[1],"data_offsets":[0,4]}}"#, 4, "is not JSON at byte"),
        (#"{"a":{"dtype":"F32","shape":[+1],"data_offsets":[0,0x4]}}"#, 4, "is not JSON at byte"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}/**/}"#, 4, "is not JSON at byte"),
        (#"{"a":{"dtype":"F32""#, 0, "its header at byte"),
    ])
    func headersAreJudged(header: String, bufferSize: Int, expected: String) throws {
        let fault = try fault(header, [UInt8](repeating: 0, count: bufferSize))
        #expect(expected == "none" ? fault == "none" : fault.contains(expected), "\(fault)")
        if fault != "none" { #expect(fault.hasPrefix("`read` is no valid safetensors file: ")) }
    }

    @Test func headersThatCannotBeAreRefused() throws {
        #expect(try fault("{\"a\u{0}\":1}").contains("header"))
        var invalid = file("{\"__metadata__\":{\"a\":\"b\"}}")
        invalid[invalid.count - 4] = 0xFF
        #expect(throws: CheckpointError.self) { try read(invalid) }
        let huge = withUnsafeBytes(of: UInt64.max) { Array($0) } + [0x7B]
        #expect(throws: CheckpointError.self) { try read(huge) }
        #expect(throws: CheckpointError.self) { try read([]) }
    }
}

@Suite struct StateHashTests {
    private let a = NamedTensor("a", shape: [2], floats: [1, 2])
    private let b = NamedTensor("b", shape: [1], floats: [3])

    @Test func theFramingIsTheDocumentedOne() {
        var bytes = Array("dist-train state 1\n".utf8)
        func number(_ value: UInt8) { bytes += [value, 0, 0, 0, 0, 0, 0, 0] }
        number(1)
        number(1)
        bytes += Array("a".utf8)
        number(3)
        bytes += Array("F32".utf8)
        number(1)
        number(2)
        number(8)
        bytes += [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]
        number(0)
        #expect(StateHash.sha256(model: [a], optimizer: []) == SHA256.hexDigest(of: bytes))
    }

    @Test func orderDoesNotCountAndEverythingElseDoes() {
        let hash = StateHash.sha256(model: [a, b], optimizer: [])
        #expect(StateHash.sha256(model: [b, a], optimizer: []) == hash)
        let others = [
            StateHash.sha256(model: [a], optimizer: [b]), StateHash.sha256(model: [], optimizer: [a, b]),
            StateHash.sha256(model: [a], optimizer: []),
            StateHash.sha256(model: [NamedTensor("a", shape: [2, 1], floats: [1, 2]), b], optimizer: []),
            StateHash.sha256(
                model: [NamedTensor("a", shape: [2], floats: [1, 2.000_000_2]), b], optimizer: []),
            StateHash.sha256(model: [NamedTensor("c", shape: [2], floats: [1, 2]), b], optimizer: []),
        ]
        #expect(Set(others + [hash]).count == others.count + 1)
    }
}
