import Configuration
import System

/// `manifest.json`: the files of a checkpoint with sizes and checksums, and the rest of the training state.
/// It is written last, so that a checkpoint without a valid manifest is not complete.
struct Manifest {
    struct FileEntry: Equatable {
        let name: String
        let size: Int
        /// 64 hexadecimal digits.
        let sha256: String
    }

    /// The number of completed steps.
    let step: Int
    let files: [FileEntry]
    let state: ConfigValue

    static let fileName = "manifest.json"
    private static let format = "dist-train checkpoint"
    private static let version = 1
    /// A placeholder for the manifest's own checksum while that is computed.
    private static let noChecksum = String(repeating: "0", count: 64)
    private static let limits = JSON5.Limits(bytes: 64 << 20, depth: 64, values: 4_000_000)

    init(step: Int, files: [FileEntry], state: ConfigValue) {
        self.step = step
        self.files = files
        self.state = state
    }

    /// The text with its `checksum`: SHA-256 of the text itself with zeros in the checksum's place.
    func encoded() -> [UInt8] {
        let entries = files.map {
            ($0.name, ConfigValue.object(["size": .int($0.size), "sha256": .string($0.sha256)]))
        }
        func text(_ checksum: String) -> [UInt8] {
            let value = ConfigValue.object([
                "checksum": .string(checksum), "format": .string(Self.format), "version": .int(Self.version),
                "step": .int(step),
                "files": .object(entries), "state": state,
            ])
            return Array(value.prettyJSON().utf8)
        }
        return text(SHA256.hexDigest(of: text(Self.noChecksum)))
    }

    /// Reads a text.
    /// - Throws: `CheckpointError` with a clause that follows the words "its manifest".
    init(_ text: [UInt8]) throws {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(
            SourceFile(name: Self.fileName, text: text), limits: Self.limits, diagnostics: diagnostics)
        if let first = diagnostics.sorted.first { throw CheckpointError("cannot be read: \(first.message)") }
        guard let value, value.members != nil else { throw CheckpointError("is not an object") }
        try Self.checkChecksum(of: value, in: text)
        guard case .string(Self.format)? = value["format"]?.kind else {
            throw CheckpointError("is not a checkpoint's")
        }
        guard let version = value["version"]?.integer, version == Self.version else {
            throw CheckpointError(
                "has version \(value["version"]?.summary ?? "none"), this program reads \(Self.version)")
        }
        guard let step = value["step"]?.integer, step >= 0 else {
            throw CheckpointError("names no step")
        }
        guard let state = value["state"] else { throw CheckpointError("has no state") }
        self.init(step: step, files: try Self.files(value["files"]), state: state)
    }

    private static func checkChecksum(of value: ConfigValue, in text: [UInt8]) throws {
        guard let member = value["checksum"], case .string(let checksum) = member.kind,
            checksum.utf8.count == 64,
            let offsets = member.range?.offsets, offsets.count == 66
        else { throw CheckpointError("has no checksum") }
        var blank = text
        blank.replaceSubrange(offsets.lowerBound + 1..<offsets.upperBound - 1, with: noChecksum.utf8)
        guard SHA256.hexDigest(of: blank) == checksum else {
            throw CheckpointError("is corrupt: its checksum does not match")
        }
    }

    private static func files(_ value: ConfigValue?) throws -> [FileEntry] {
        guard let members = value?.members, !members.isEmpty else { throw CheckpointError("names no files") }
        return try members.map { member in
            guard let size = member.value["size"]?.integer, size >= 0,
                case .string(let sha256)? = member.value["sha256"]?.kind,
                isFileName(member.key)
            else { throw CheckpointError("has a damaged entry for `\(member.key)`") }
            return FileEntry(name: member.key, size: size, sha256: sha256)
        }
    }

    /// Tells whether this names a file in the checkpoint's own directory. It compares bytes, because a slash
    /// and a combining mark behind it are one `Character` that is not a slash.
    private static func isFileName(_ name: String) -> Bool {
        !["", ".", ".."].contains(name) && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
}
