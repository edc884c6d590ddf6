import Platform
import System
import TestSupport
import Testing
import dist_train

/// Downloads from a server on this machine. The checksums are those of `md5sum`.
@Suite(.serialized) struct DatasetDownloadTests {
    private let directory: TemporaryDirectory
    private let files: [String: [UInt8]] = [
        "a.gz": Array("first file\n".utf8),
        "b.gz": Array("second file\n".utf8),
    ]

    init() throws { directory = try TemporaryDirectory() }

    private func dataset(_ address: String) -> PublishedDataset {
        PublishedDataset(
            name: "two", address: address, usualDirectory: "data/two",
            files: [
                PublishedDataset.RemoteFile(name: "a.gz", checksum: "ef5940958c334bb7cfc4f3da6ad0f8c3"),
                PublishedDataset.RemoteFile(name: "b.gz", checksum: "3db2050fcf84bb631dcae417d3db518c"),
            ], checksumSource: "this test", source: "two")
    }

    private func get(from server: FileServer, to name: String = "new") async throws -> String {
        let address = "http://127.0.0.1:\(server.port)"
        let path = directory.file(name)
        let dataset = dataset("https://nowhere.invalid")
        return try await onThread {
            try DatasetDownload(dataset, to: path, from: address, say: { _ in }).run()
        }
    }

    private func message(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "no error"
        } catch {
            return "\(error)".replacing(directory.path + "/", with: "")
        }
    }

    private func contents(_ name: String) throws -> [UInt8] {
        try File.read(directory.file(name), limit: 9_999)
    }

    @Test func whatIsMissingIsDownloaded() async throws {
        let server = try FileServer(files)
        #expect(try await get(from: server) == directory.file("new"))
        #expect(try Directory.list(directory.file("new")) == ["a.gz", "b.gz"])
        #expect(try contents("new/a.gz") == files["a.gz"] && contents("new/b.gz") == files["b.gz"])
        #expect(server.requests().map { $0.prefix(9) } == ["GET /a.gz", "GET /b.gz"])
        _ = try await get(from: server)
        #expect(server.requests().isEmpty)
    }

    /// An interrupted download continues, or begins anew where the server cannot continue, or where the part
    /// is longer than the file.
    @Test(arguments: [(4, true), (4, false), (11, true), (40, true)])
    func aDownloadIsContinued(count: Int, continues: Bool) async throws {
        try Directory.create(directory.file("new"))
        let whole = try #require(files["a.gz"]) + [UInt8](repeating: 0, count: 40)
        try File.writeAtomically(Array(whole[..<count]), to: directory.file("new/a.gz.part"))
        let server = try FileServer(files, continues: continues)
        _ = try await get(from: server)
        #expect(try contents("new/a.gz") == files["a.gz"])
        #expect(server.requests().first?.contains("Range: bytes=\(count)-") == true)
    }

    @Test func damageIsFound() async throws {
        let server = try FileServer(["a.gz": Array("first fill\n".utf8)])
        let found = await message { _ = try await get(from: server) }
        #expect(
            found.hasSuffix(
                "/a.gz` sent is not the published file: its MD5 is 6a343da40b300ce59ade0c70b1af15c7,"
                    + " this test says ef5940958c334bb7cfc4f3da6ad0f8c3; try again, or give a"
                    + " mirror with --from"))
        #expect(try Directory.list(directory.file("new")).isEmpty)
        try File.writeAtomically("mine", to: directory.file("new/a.gz"))
        #expect(
            await message { _ = try await get(from: server) }.hasPrefix(
                "`new/a.gz` is not the published file: its MD5 is 918b81db5e91d031548b963c93845e5b, this"
                    + " test says"))
        #expect(try contents("new/a.gz") == Array("mine".utf8))
    }

    @Test func whatCannotBeReachedIsNamed() async throws {
        let server = try FileServer(["b.gz": []])
        let missing = await message { _ = try await get(from: server) }
        #expect(
            missing.hasPrefix(
                "cannot download http://127.0.0.1:\(server.port)/a.gz:"
                    + " ") && missing.contains("404")
                && missing.hasSuffix("; check the network and the address, or give a mirror with --from"))
        let dataset = dataset("https://127.0.0.1:1")
        let path = directory.file("new")
        let unreachable = await message {
            _ = try await onThread { try DatasetDownload(dataset, to: path, from: nil, say: { _ in }).run() }
        }
        #expect(unreachable.hasPrefix("cannot download https://127.0.0.1:1/a.gz: "))
    }

    @Test(
        arguments: [
            "http://example.org/mnist", "ftp://example.org", "example.org", "http://127.0.0.1.example.org",
            "",
            "http://localhost:80@evil.example", "http://localhost@evil.example",
        ]) func otherMirrorsNeedHTTPS(address: String)
    {
        let error = #expect(throws: UsageError.self) {
            _ = try DatasetDownload(dataset("https://nowhere.invalid"), to: "x", from: address, say: { _ in })
        }
        #expect(error?.description.hasPrefix("--from needs an address that begins with https://") == true)
    }

    @Test func everyDataSetHasSafeAddressesAndChecksums() {
        #expect(PublishedDataset.all.map(\.name) == ["mnist", "fashion-mnist", "cifar10"])
        for dataset in PublishedDataset.all {
            #expect(dataset.address.hasPrefix("https://") && !dataset.address.hasSuffix("/"))
            #expect(dataset.files.allSatisfy { TextFormat.bytes(hex: $0.checksum)?.count == 16 })
        }
    }

    /// An archive is unpacked once.
    @Test func anArchiveIsUnpacked() async throws {
        try Directory.create(directory.file("in/folder"))
        try File.writeAtomically("content", to: directory.file("in/folder/x.bin"))
        let place = directory.path
        try await onThread {
            let tar = try ChildProcess("tar", ["-czf", place + "/a.tar.gz", "-C", place + "/in", "folder"])
            #expect(tar.wait(seconds: 120)?.isSuccess == true)
        }
        let archive = try contents("a.tar.gz")
        let digest = archive.withUnsafeBytes { MD5.digest(of: $0) }
        let server = try FileServer(["a.tar.gz": archive])
        let dataset = PublishedDataset(
            name: "packed", address: "http://127.0.0.1:\(server.port)", usualDirectory: "data",
            files: [
                PublishedDataset.RemoteFile(name: "a.tar.gz", checksum: TextFormat.hex(try #require(digest)))
            ],
            checksumSource: "this test", unpacked: "folder", source: "packed")
        for _ in 0..<2 {
            let path = directory.file("new")
            let found = try await onThread {
                try DatasetDownload(dataset, to: path, from: nil, say: { _ in }).run()
            }
            #expect(found == directory.file("new/folder"))
            #expect(try contents("new/folder/x.bin") == Array("content".utf8))
        }
    }
}
