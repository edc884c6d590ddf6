import Platform
import System
import TestSupport
import Testing

@Suite struct FileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A pipe that nobody writes to is refused, and not waited for.
    @Test func onlyRegularFilesAreMapped() throws {
        let path = directory.file("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        for path in [path, directory.path, "/dev/zero"] {
            let error = #expect(throws: SystemError.self) { try MappedFile(path) }
            #expect(error?.description == "`\(path)` is not a regular file; give the path of a file")
        }
    }

    /// A slash separates names whatever follows it.
    @Test(arguments: [
        ("a/b/c", "a/b", "c"), ("c", ".", "c"), ("/c", "/", "c"), ("a/b//", "a", "b"), ("//", "/", ""),
        ("", ".", ""),
        ("a/b/\u{301}c", "a/b", "\u{301}c"), ("/\u{301}", "/", "\u{301}"),
    ]) func partsOfPaths(path: String, directory: String, name: String) {
        #expect(Path.directory(of: path) == directory && Path.name(of: path) == name)
        #expect(Path.join("x", path) == (path.utf8.first == UInt8(ascii: "/") ? path : "x/" + path))
    }

    @Test func atomicWriteReplacesAndLeavesNothingElse() throws {
        let path = directory.file("a")
        try File.writeAtomically("one", to: path)
        try File.writeAtomically("two, longer", to: path)
        #expect(try File.readText(path, limit: 100) == "two, longer")
        #expect(try Directory.list(directory.path) == ["a"])
    }

    @Test func theLimitIsExact() throws {
        let path = directory.file("a")
        try File.writeAtomically([1, 2, 3, 4], to: path)
        #expect(try File.read(path, limit: 4) == [1, 2, 3, 4])
        let error = #expect(throws: SystemError.self) { try File.read(path, limit: 3) }
        #expect(error?.description.contains("larger than the 3 B") == true)
    }

    @Test func modeIsKept() throws {
        let path = directory.file("token")
        try File.writeAtomically("secret", to: path, mode: 0o600)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func aMissingFileIsNamedWithAHint() {
        let error = #expect(throws: SystemError.self) { try File.read("/nowhere/at/all", limit: 10) }
        #expect(error?.code == ENOENT)
        #expect(
            error?.description
                == "cannot read `/nowhere/at/all`: it does not exist;"
                + " check the path (relative paths start at the current directory)"
        )
    }

    @Test func aDirectoryIsNoFile() {
        #expect(throws: SystemError.self) { try File.read(directory.path, limit: 10) }
        #expect(throws: SystemError.self) { try MappedFile(directory.path) }
    }

    @Test func textMustBeUTF8() throws {
        let path = directory.file("a")
        try File.writeAtomically([0xFF, 0xFE], to: path)
        #expect(throws: SystemError.self) { try File.readText(path, limit: 10) }
    }

    @Test func mappedFilesShowTheContents() throws {
        let path = directory.file("a")
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try File.writeAtomically(bytes, to: path)
        let map = try MappedFile(path)
        #expect(Array(map.bytes) == bytes)
        try File.writeAtomically([], to: path)
        #expect(Array(map.bytes) == bytes)  // the file was replaced, not overwritten
        #expect(try MappedFile(path).bytes.isEmpty)
    }

    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
    func fullAndReadOnlyDisksSayWhatToDo() async throws {
        try await onThread {
            let full = try SmallFileSystem(options: "size=16k")
            let path = Path.join(full.path, "a")
            try File.writeAtomically("kept", to: path)
            let error = #expect(throws: SystemError.self) {
                try File.writeAtomically([UInt8](repeating: 1, count: 1 << 20), to: path)
            }
            #expect(error?.code == ENOSPC)
            #expect(error?.description.contains("free some space") == true)
            #expect(try File.readText(path, limit: 100) == "kept")
            #expect(try Directory.list(full.path) == ["a"])

            let lines = try AppendFile(Path.join(full.path, "lines"))
            try lines.append("first")
            #expect(throws: SystemError.self) { try lines.append(String(repeating: "x", count: 1 << 20)) }
            #expect(try File.readText(lines.path, limit: 100) == "first\n")

            let readOnly = try SmallFileSystem(options: "ro")
            let refusal = #expect(throws: SystemError.self) {
                try File.writeAtomically("x", to: Path.join(readOnly.path, "a"))
            }
            #expect(refusal?.code == EROFS)
        }
    }
}

@Suite struct DirectoryTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func parentsAreMadeAndTreesRemoved() throws {
        let deep = directory.file("x/y/z")
        try Directory.create(deep)
        try Directory.create(deep)
        try File.writeAtomically("1", to: Path.join(deep, "f"))
        #expect(symlink("/etc", directory.file("x/link")) == 0)
        #expect(throws: SystemError.self) { try Directory.createNew(deep) }
        try Directory.remove(directory.file("x"))
        #expect(try Directory.list(directory.path).isEmpty)
        #expect(File.exists("/etc"))
        try Directory.remove(directory.file("x"))
    }

    @Test func anAtomicDirectoryAppearsWhole() throws {
        let path = directory.file("step")
        let whole = try AtomicDirectory(path)
        try whole.write([1, 2], as: "a")
        let writer = try whole.file("b")
        try writer.write([3])
        try writer.write([4])
        #expect(try writer.finish() == SHA256.hexDigest(of: [3, 4]))
        #expect(!File.exists(path))
        try whole.commit()
        #expect(try Directory.list(directory.path) == ["step"])
        #expect(try Directory.list(path) == ["a", "b"])
        #expect(try File.read(Path.join(path, "b"), limit: 9) == [3, 4])
    }

    @Test func anAbandonedOneLeavesNothing() throws {
        do {
            let whole = try AtomicDirectory(directory.file("step"))
            try whole.write([1], as: "a")
        }
        #expect(try Directory.list(directory.path).isEmpty)
        try Directory.create(directory.file("step-1.tmp-99"))
        try AtomicDirectory.removeLeftovers(in: directory.path)
        #expect(try Directory.list(directory.path).isEmpty)
    }

    @Test func anExistingDirectoryIsNotReplaced() throws {
        try Directory.create(directory.file("step"))
        let whole = try AtomicDirectory(directory.file("step"))
        #expect(throws: SystemError.self) { try whole.commit() }
    }

    @Test(arguments: [
        ("a/b/c", "a/b", "c"), ("c", ".", "c"), ("/c", "/", "c"), ("/a/b/", "/a", "b"), ("a//b", "a", "b"),
        ("/", "/", ""),
    ])
    func pathsHaveParts(path: String, parent: String, name: String) {
        #expect(Path.directory(of: path) == parent)
        #expect(Path.name(of: path) == name)
    }
}

@Suite struct AppendFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func linesGrowAcrossOpenings() throws {
        let path = directory.file("l")
        let first = try AppendFile(path)
        try first.append("a")
        try first.close()
        #expect(throws: SystemError.self) { try first.append("late") }
        try AppendFile(path).append("b")
        #expect(try File.readText(path, limit: 99) == "a\nb\n")
    }

    @Test func anUnfinishedLineIsCutOff() throws {
        let path = directory.file("l")
        try File.writeAtomically("whole\nhal", to: path)
        try AppendFile(path).append("next")
        #expect(try File.readText(path, limit: 99) == "whole\nnext\n")
    }
}

@Suite struct FileLockTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func theSecondIsToldWhoHoldsIt() throws {
        let path = directory.file("lock")
        do {
            let lock = try FileLock(path)
            let error = #expect(throws: SystemError.self) { try FileLock(path) }
            #expect(error?.code == EWOULDBLOCK)
            #expect(error?.description.contains("process \(getpid())") == true)
            _ = lock.path
        }
        _ = try FileLock(path)
    }
}
