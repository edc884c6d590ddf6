import System

/// The program that a worker on another host runs: the build of this process.
package struct RemoteProgram: Sendable {
    /// `0.2.0`
    let version: String
    /// The SHA-256 of its file, 64 hexadecimal digits.
    package let digest: String
    /// The contents of its file.
    let file: MappedFile
    /// Whether a copy runs on other machines.
    let isSelfContained: Bool
    /// The system and the processor that it is for, as `uname -sm` names them.
    let platform: String

    package init(version: String, path: String, isSelfContained: Bool, platform: String = Self.platform)
        throws
    {
        self.version = version
        self.isSelfContained = isSelfContained
        self.platform = platform
        file = try MappedFile(path)
        digest = SHA256.hexDigest(of: file.bytes)
        file.release(file.bytes.count)
    }

    package static func ofThisProcess() throws -> RemoteProgram {
        try RemoteProgram(
            version: Version.number, path: Executable.image(), isSelfContained: Executable.isSelfContained)
    }

    /// The name of the directory of a copy. Builds of one version have different ones.
    package var build: String { "\(version)-\(digest.prefix(16))" }

    package static var platform: String {
        #if os(Linux) && arch(x86_64)
            "Linux x86_64"
        #elseif os(Linux) && arch(arm64)
            "Linux aarch64"
        #else
            "another system"
        #endif
    }
}
