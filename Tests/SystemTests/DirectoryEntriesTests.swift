import Platform
import System
import TestSupport
import Testing

@Suite struct DirectoryEntriesTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func kindsAndOrder() throws {
        try File.writeAtomically([1], to: directory.file("b"))
        try Directory.create(directory.file("a"))
        try #require(symlink("a", directory.file("c")) == 0)
        try #require(symlink("nothing", directory.file("B")) == 0)
        try #require(mkfifo(directory.file("d"), 0o600) == 0)
        let entries = try Directory.entries(directory.path)
        #expect(entries.map(\.name) == ["B", "a", "b", "c", "d"])
        #expect(
            entries.map(\.kind) == [
                .unreachable("it is a link to something that does not exist"), .directory, .file, .directory,
                .special,
            ])
        #expect(entries.allSatisfy { $0.isUTF8 })
    }

    /// Bytes that are no character are written as numbers, and those around them as they are.
    @Test(
        arguments: [
            ([0x63, 0xE9], "c\\xE9"), ([0xFF], "\\xFF"), ([0xE7, 0x8C, 0xAB, 0xE9], "猫\\xE9"),
            ([0xE7, 0x8C, 0x61], "\\xE7\\x8Ca"), ([0xC0, 0x80], "\\xC0\\x80"),
        ] as [([UInt8], String)]) func namesThatAreNotUTF8(bytes: [UInt8], name: String) throws
    {
        let path =
            Array(directory.file("").utf8CString.dropLast()) + bytes.map { CChar(bitPattern: $0) } + [0]
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o644)
        try #require(descriptor >= 0)
        close(descriptor)
        let entry = try #require(try Directory.entries(directory.path).first)
        #expect(entry.name == name && !entry.isUTF8)
    }

    @Test func whatIsNoDirectory() throws {
        #expect(throws: SystemError.self) { try Directory.entries(directory.file("nothing")) }
    }
}
