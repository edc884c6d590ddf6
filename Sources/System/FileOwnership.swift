import Platform

/// Facts about a file that say who may read and change it. Links are followed.
package struct FileOwnership: Equatable, Sendable {
    /// The permission bits, as `chmod` takes them.
    package var permissions: UInt32
    /// The number of the user who owns it.
    package var owner: UInt32
    /// The number of the user that this process acts as.
    package var user: UInt32
    /// Whether its file system is mounted for reading only.
    package var isOnReadOnlyMount: Bool
    /// The path without links.
    package var path: String

    package init(
        permissions: UInt32, owner: UInt32, user: UInt32, isOnReadOnlyMount: Bool, path: String
    ) {
        self.permissions = permissions
        self.owner = owner
        self.user = user
        self.isOnReadOnlyMount = isOnReadOnlyMount
        self.path = path
    }

    /// Reads the facts; nil if the file is missing or cannot be examined.
    package init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        permissions = UInt32(status.st_mode) & 0o7777
        owner = status.st_uid
        user = geteuid()
        var system = statvfs()
        isOnReadOnlyMount = statvfs(path, &system) == 0 && Int(system.f_flag) & Int(ST_RDONLY) != 0
        self.path = Path.real(path) ?? path
    }

    package var isOwn: Bool { owner == user }
    package var isPrivate: Bool { permissions & 0o077 == 0 }
}

// MARK: - Secrets

extension FileOwnership {
    /// Whether a secret in the file is read as it is: no other user has access, or its mode is not for this
    /// user to choose.
    package var isFitForSecret: Bool { isFitForSecret(in: Self.secretDirectories) }

    /// - Parameter directories: those in which modes are not judged.
    package func isFitForSecret(in directories: [String]) -> Bool {
        isPrivate || !isOwn || isOnReadOnlyMount || directories.contains { path.hasPrefix($0 + "/") }
    }

    /// The directories in which service managers and container engines put secrets. They choose the modes
    /// (0440, 0444, 0644), and keep others out themselves.
    private static var secretDirectories: [String] {
        let given = [Environment.value("CREDENTIALS_DIRECTORY"), "/run/secrets", "/var/run/secrets"]
        return given.compactMap { $0 }.filter { $0.hasPrefix("/") }.map { Path.real($0) ?? $0 }
    }
}

extension Path {
    /// The absolute path without links; nil if it does not exist.
    package static func real(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
