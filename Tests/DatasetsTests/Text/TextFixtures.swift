import Datasets
import System
import TestSupport

/// Files in Tests/Fixtures/text; make_text.py there describes them.
enum TextFixtures {
    static func path(_ name: String) -> String { ProjectFiles.path("Tests/Fixtures/text/" + name) }

    static func bytes(_ name: String) throws -> [UInt8] { try File.read(path(name), limit: 1 << 24) }

    static func lines(_ name: String) throws -> [Substring] {
        String(decoding: try bytes(name), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast()
    }

    /// Tokenizers with ids of random strings.
    static let names = [
        "gpt2", "llama3", "qwen2", "smollm", "added", "llama2", "metaspace", "metaspace-first",
    ]

    /// Random strings, as UTF-8.
    static func strings() throws -> [[UInt8]] {
        var rest = try bytes("strings.bin")[...]
        var strings: [[UInt8]] = []
        while !rest.isEmpty {
            let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            strings.append(Array(rest.dropFirst(4).prefix(count)))
            rest = rest.dropFirst(4 + count)
        }
        return strings
    }

    /// A hash of hashes.txt.
    static func hash(_ name: String) throws -> String {
        let line = try lines("hashes.txt").first { $0.hasPrefix(name + " ") }
        return line.map { String($0.dropFirst(name.count + 1)) } ?? "no hash of \(name)"
    }

    static func hash(_ ids: [Int32]) -> String {
        ids.map(\.littleEndian).withUnsafeBytes { SHA256.hexDigest(of: $0) }
    }

    /// Data that are no part of the repository.
    static let data = Path.join(ProjectFiles.root, "../shared/data/text")
}
